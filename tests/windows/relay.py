"""Gives a Windows program Win32 pipes: node.exe cannot use Unix ones, and Wine cannot tell what a
redirected file is. Runs under Windows' Python."""

import os
import subprocess
import sys
import threading
from typing import IO


def copy(source: IO[bytes], descriptor: int) -> None:
    while data := os.read(source.fileno(), 65536):
        os.write(descriptor, data)


def main() -> None:
    process = subprocess.Popen(
        sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    ends = ((process.stdout, 1), (process.stderr, 2))
    threads = [threading.Thread(target=copy, args=end) for end in ends]
    for thread in threads:
        thread.start()
    code = process.wait()
    for thread in threads:
        thread.join(5)  # a grandchild may hold the pipe for ever
    os._exit(code if code < 256 else 99)


main()
