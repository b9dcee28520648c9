"""The Linux end of the relay in Edge's place: `bridge.py PORT PREFIX BROWSER`.

Each connection's first line is a browser's command line; a Chromium is started with it, and its
debugging pipe (descriptors 3 and 4) relayed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL

PORT, DRIVE_C, BROWSER = int(sys.argv[1]), Path(sys.argv[2]) / "drive_c", sys.argv[3]
FOLDERS = ("/", "--user-data-dir", "--disk-cache-dir")


def linux(argument: str) -> str:
    """A Windows path in an argument, as Linux has it."""
    head = r"(?i)^((?:--[\w-]+=)?)"
    argument = re.sub(head + r"z:[\\/]", r"\1/", argument)
    argument = re.sub(head + r"c:[\\/]", lambda found: f"{found[1]}{DRIVE_C}/", argument)
    return argument.replace("\\", "/") if argument.startswith(FOLDERS) else argument


def addresses(message: bytes) -> bytes:
    """The same in addresses of files."""
    message = message.replace(b"file:///Z:/", b"file:///")
    return message.replace(b"file:///C:/", b"file://" + bytes(DRIVE_C) + b"/")


def start(arguments: list[str]) -> tuple[int, int, int]:
    """Chromium with its pipe: its process, where to write, where to read."""
    (their_input, to_browser), (from_browser, their_output) = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(their_input, 103)
        os.dup2(their_output, 104)
        os.dup2(103, 3)
        os.dup2(104, 4)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.closerange(5, 1024)
        os.setsid()
        os.execv(BROWSER, [BROWSER, *arguments])
    os.close(their_input)
    os.close(their_output)
    return pid, to_browser, from_browser


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    arguments = [linux(each) for each in json.loads(await reader.readline())]
    pid, to_browser, from_browser = start([*arguments, "--no-sandbox"])
    loop, out = asyncio.get_running_loop(), asyncio.StreamReader(limit=2**28)
    protocol = asyncio.StreamReaderProtocol(out)
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(from_browser, "rb", 0))
    pipe = os.fdopen(to_browser, "wb", 0)
    transport, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    into = asyncio.StreamWriter(transport, flow, None, loop)

    async def down() -> None:
        rest = b""
        while data := await reader.read(65536):
            *whole, rest = (rest + data).split(b"\0")
            for message in whole:
                into.write(addresses(message) + b"\0")
            await into.drain()

    async def up() -> None:
        while data := await out.read(65536):
            writer.write(data)
            await writer.drain()

    tasks = [asyncio.create_task(down()), asyncio.create_task(up())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    into.close()
    writer.close()
    await asyncio.sleep(0.5)  # Chromium closes by itself once its pipe is
    with suppress(ProcessLookupError):
        os.killpg(pid, SIGKILL)
    await loop.run_in_executor(None, os.waitpid, pid, 0)


async def main() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", PORT, limit=2**20) as server:
        await server.serve_forever()


asyncio.run(main())
