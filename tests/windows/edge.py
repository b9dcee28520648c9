"""In Edge's place, under Windows' Python: sends its command line and Playwright's pipe to Linux."""

import json
import os
import socket
import sys
import threading

FROM_PLAYWRIGHT, TO_PLAYWRIGHT = 3, 4  # the descriptors of --remote-debugging-pipe


def upwards(bridge: socket.socket) -> None:
    try:
        while data := os.read(FROM_PLAYWRIGHT, 65536):
            bridge.sendall(data)
    finally:
        os._exit(0)


def main() -> None:
    bridge = socket.create_connection(("127.0.0.1", int(os.environ["BRIDGE_PORT"])))
    bridge.sendall(json.dumps(sys.argv[1:]).encode() + b"\n")
    threading.Thread(target=upwards, args=[bridge], daemon=True).start()
    try:
        while data := bridge.recv(65536):
            while data:
                data = data[os.write(TO_PLAYWRIGHT, data) :]
    finally:
        os._exit(0)


main()
