"""What a client may take its time over: the head of a request is short and comes soon, or the connection is closed.

The parser below sets no bounds of its own, and gathers a head without end more slowly the longer it gets, while all
others wait. What is refused here is refused in plain text, as what is no HTTP at all.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MOST_HEAD: Final = 65_536
"""How long the line and the headers of a request may be, in bytes."""
PATIENCE: Final = 30.0
"""How long they may take to come, from the connection or from the request's first byte on, in seconds."""


class Connection(HttpToolsProtocol):
    """A connection of a client, over which requests come one after another."""

    _head: int | None = 0
    """How much of a request's head has come; None while its body does, or its answer is awaited."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes, unless it makes a head too long."""
        if self._head is not None:
            room = MOST_HEAD - self._head
            data, rest = data[:room], data[room:]
            self._head += len(data)
            if rest:
                super().data_received(data)
                if self._head == MOST_HEAD:
                    self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                if self.transport.is_closing():
                    return
                data = rest
        super().data_received(data)
        if self._head and self._late is None:  # most heads come in one piece
            self._wait()

    def on_headers_complete(self) -> None:
        """The head has come."""
        self._come()
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes now is the head of another request."""
        super().on_message_complete()
        self._head = 0

    def _wait(self) -> None:
        self._late = self.loop.call_later(PATIENCE, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _come(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Close the connection, and say why where a request has begun."""
        self._come()
        if self._head:
            said, length = status.phrase.encode(), len(status.phrase)
            headers = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % length
            self.transport.write(STATUS_LINE[status] + headers + said)
        self.transport.close()
