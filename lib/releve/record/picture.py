"""What a capture says of itself: the places that were blanked, in a text chunk of the PNG, checked on its pixels."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

_KEYWORD = b"releve:blanked"
_HEADER = 33  # signature and IHDR: text chunks may stand right behind


def mark(png: bytes, boxes: list[list[float]]) -> bytes:
    """The same picture, with the places that were blanked (left, top, right, bottom, in pixels)."""
    data = _KEYWORD + b"\0" + json.dumps([[round(side) for side in box] for box in boxes]).encode()
    chunk = struct.pack(">I", len(data)) + b"tEXt" + data + struct.pack(">I", zlib.crc32(b"tEXt" + data))
    return png[:_HEADER] + chunk + png[_HEADER:]


def uneven(png: bytes) -> list[list[int]] | None:
    """The blanked places that are not one flat colour: there a secret may show through. None for a picture that says nothing.

    Raises OSError for what is no picture.
    """
    from PIL import Image, PngImagePlugin

    with Image.open(io.BytesIO(png)) as picture:
        assert isinstance(picture, PngImagePlugin.PngImageFile)
        if (said := picture.text.get(_KEYWORD.decode())) is None:
            return None
        boxes: list[list[int]] = json.loads(said)
        shown = picture.convert("RGB") if boxes else picture
        return [box for box in boxes if not _flat(shown, box)]


def _flat(picture: Any, box: list[int]) -> bool:
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], picture.width), min(box[3], picture.height)
    return right <= left or bottom <= top or len(picture.crop((left, top, right, bottom)).getcolors(2) or "..") == 1
