"""The answer that does not end: server-sent events, for as long as somebody is there."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Final

import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

from app.rest.export.answer import while_there

log: Final = structlog.get_logger("broen")


class EventStream(Response):
    """Events that are sent as they come.

    `counted` is entered for as long as they are; a client that does not take what it is sent within `step` seconds is
    cut off.
    """

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[bytes, None], counted: Callable[[], AbstractContextManager[None]], step: float
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})  # so that nginx holds nothing back
        self._events, self._counted, self._step = events, counted, step

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; for HEAD the headers."""
        async with aclosing(self._events) as events:
            if scope.get("bare"):
                await self._start(send)
                await send({"type": "http.response.body", "body": b""})
                return
            with self._counted():
                await while_there(receive, self._send(send, events))

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _send(self, send: Send, events: AsyncGenerator[bytes, None]) -> None:
        """Send the events. What fails ends the stream: the client asks again from where it was, and is told."""
        await self._start(send)
        try:
            async for event in events:
                async with asyncio.timeout(self._step):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
        except Exception as error:
            log.warning("stream cut off", cause=repr(error))
            raise
        await send({"type": "http.response.body", "body": b""})
