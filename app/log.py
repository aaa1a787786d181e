"""Structured logs: one event a line, with the id of the request that it belongs to."""

import asyncio
import itertools
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Any, Final, Literal
from urllib.parse import unquote

import structlog
from asgi_correlation_id import correlation_id
from asgi_correlation_id.middleware import is_valid_uuid4
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

from app.errors import Unavailable
from app.errors.handling import refusal

log: Final = structlog.get_logger("broen")
SECRET: Final = re.compile(r"(brn_[0-9a-f]{8}_|eyJ[\w-]{8})[\w.-]+", re.ASCII)
"""API keys and signed tokens, whole or broken off, wherever a client has put them; how they begin may be told."""
ROOT: Final = logging.getLogger()
SOON: Final = 0.05
"""How many seconds a line waits for others at the most: a write of its own costs more than making it."""
IDS: Final = (os.urandom(8).hex(), itertools.count(int.from_bytes(os.urandom(6))))
"""What the ids of requests begin with in this process, and the number of the next."""
LONGEST: Final = 500
"""How much of a path and of a query is told, in characters: what is encoded again and again takes long to decode."""
PROBES: Final = ("/livez", "/readyz")
"""What health checks ask for, again and again."""


class JsonLines(logging.StreamHandler[Any]):
    """Where each event becomes a line of JSON. Those of requests are written together, some moments later."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._second, self._spelt = 0, ""

    def now(self) -> str:
        """The instant in RFC 3339, the seconds of which are spelt once."""
        now = time.time()
        if (second := int(now)) != self._second:
            self._second, self._spelt = second, datetime.fromtimestamp(second, UTC).isoformat()[:19]
        return f"{self._spelt}.{int(1e6 * (now - second)):06}Z"

    def put(self, line: str) -> None:
        """Write a finished line soon, and before any other event."""
        if not self._lines:
            asyncio.get_running_loop().call_later(SOON, self.flush)
        self._lines.append(SECRET.sub(r"\1…", line) if "brn_" in line or "eyJ" in line else line)

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event."""
        self.flush()
        super().emit(record)

    def flush(self) -> None:
        """Write what is waiting."""
        lines, self._lines = self._lines, []
        if self.stream.closed:
            return
        if lines:
            self.stream.write("".join(lines))
        super().flush()


def _request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if request_id := correlation_id.get():
        event["request_id"] = request_id
    return event


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """What makes a line of an event: the last to see it."""

    def format(self, record: logging.LogRecord) -> str:
        """A line without secrets."""
        return SECRET.sub(r"\1…", super().format(record))


def configure(form: Literal["auto", "json", "text"], level: str) -> None:
    """Send every log line, a library's too, to standard error in one format."""
    text = sys.stderr.isatty() if form == "auto" else form == "text"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _request_id,
    ]
    tail: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler() if text else JsonLines()
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("asgi_correlation_id").setLevel("ERROR")  # a client's odd request id is no event of ours


class Requests:
    """ASGI: gives each request an id, which its answer and the log carry, and one line once it is answered.

    A failure that has been answered stops here, and so does being cut off. `ready` has the answers that need not be
    waited for: they are most of all, so that on their way nothing is done twice, and their lines are put together by
    hand.
    """

    def __init__(self, app: ASGIApp, ready: Callable[[Scope], tuple[Message, Message] | None]) -> None:
        self.app, self._ready = app, ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        id = given if given and is_valid_uuid4(given) else f"{IDS[0]}{next(IDS[1]):016x}"
        header = (b"x-request-id", id.encode())
        if ready := self._ready(scope):
            start, body = ready
            status = start["status"]
            await send({"type": "http.response.start", "status": status, "headers": [*start["headers"], header]})
            await send(body)
            _tell(scope, id, status, started)
            return
        correlation_id.set(id)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception:
            if not status:
                raise
        except asyncio.CancelledError:  # the service stops, and waits no longer; half an answer is broken off
            if not status:
                stopped = await refusal(Request(scope), Unavailable("The service has been told to stop."))
                await stopped(scope, receive, noting)
        finally:
            _tell(scope, id, status, started)


def _masked(text: str) -> str:
    """A text as it came, or, when it hides a secret by percent-encoding it, however often, decoded and without that."""
    plain = text
    while (decoded := unquote(plain)) != plain:
        plain = decoded
    return SECRET.sub(r"\1…", plain) if SECRET.search(plain) else text


def _tell(scope: Scope, id: str, status: int, started: float) -> None:
    """Log that a request has been answered."""
    method, path, query = scope["method"], scope["path"][:LONGEST], scope["query_string"][:LONGEST].decode("latin-1")
    if "%" in query or "%" in path:
        path, query = _masked(path), _masked(query)
    ms, client = 1000 * (time.perf_counter() - started), (scope.get("client") or ("",))[0]
    level = logging.DEBUG if path in PROBES else logging.INFO
    handler = ROOT.handlers[0] if ROOT.handlers else None
    if not ROOT.isEnabledFor(level):
        return
    if isinstance(handler, JsonLines):
        handler.put(
            f'{{"client": {quoted(client)}, "method": {quoted(method)}, "path": {quoted(path)}, '
            f'"query": {quoted(query)}, "status": {status}, "ms": {ms:.2f}, "event": "request", '
            f'"level": "{"info" if level == logging.INFO else "debug"}", "logger": "broen", '
            f'"timestamp": "{handler.now()}", "request_id": "{id}"}}\n'
        )
        return
    log.log(level, "request", client=client, method=method, path=path, query=query, status=status, ms=round(ms, 2))
