"""What a capture says of itself, in text chunks of the PNG: the places that were blanked, checked
on its pixels, and the text it shows.

The text is searched before the seal with every other byte: it is how a password that became known
after its picture is found.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from contextlib import suppress
from typing import Any

_BLANKED, _SHOWN = b"releve:blanked", b"releve:text"
_HEADER = 33  # signature and IHDR: text chunks may stand right behind


def mark(png: bytes, boxes: list[list[float]], shown: str = "") -> bytes:
    """The same picture, with the places that were blanked (left, top, right, bottom, in pixels) and
    the text that it shows.
    """
    places = json.dumps([[round(side) for side in box] for box in boxes]).encode()
    chunks = _chunk(b"tEXt", _BLANKED + b"\0" + places) + _chunk(
        b"iTXt", _SHOWN + b"\0\0\0\0\0" + shown.encode()
    )
    return png[:_HEADER] + chunks + png[_HEADER:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def uneven(png: bytes) -> list[list[int]] | None:
    """The blanked places that are not one flat colour: there a secret may show through. None for a
    picture that says nothing.

    Raises OSError for what is no picture.
    """
    from PIL import Image

    # it reads what stands before the pixels, and they only when they are asked for
    with Image.open(io.BytesIO(png)) as picture:
        if (said := picture.info.get(_BLANKED.decode())) is None:
            return None
        boxes: list[list[int]] = json.loads(said)
        shown = picture.convert("RGB") if boxes else picture
        return [box for box in boxes if not _flat(shown, box)]


def is_picture(content: bytes) -> bool:
    """Whether it begins as a PNG does."""
    from PIL import Image

    with suppress(OSError), Image.open(io.BytesIO(content), formats=["PNG"]):
        return True
    return False


def _flat(picture: Any, box: list[int]) -> bool:
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], picture.width), min(box[3], picture.height)
    if right <= left or bottom <= top:
        return True
    return len(picture.crop((left, top, right, bottom)).getcolors(2) or "..") == 1
