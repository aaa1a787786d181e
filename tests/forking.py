"""A program that serves the register in a process which may be killed: imported once, and forked anew each time."""

import os
import socket
import sys

import uvicorn

from app.main import create_app
from app.settings import load_settings


def main(port: int) -> None:
    """Serve on a port, again and again."""
    listening = socket.create_server(("127.0.0.1", port), backlog=1000)
    while True:
        child = os.fork()
        if not child:
            uvicorn.Server(uvicorn.Config(create_app(load_settings()), log_config=None)).run(sockets=[listening])
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
