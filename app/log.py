"""Structured logs: one event a line, with the id of the request that it belongs to."""

import logging
import re
import sys
import time
from typing import Final, Literal

import structlog
from asgi_correlation_id import correlation_id
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

log: Final = structlog.get_logger("broen")
SECRET: Final = re.compile(r"(brn_[0-9a-f]{8}_|eyJ[\w-]{8})[\w.-]+", re.ASCII)
"""API keys and signed tokens, whole or broken off, wherever a client has put them; how they begin may be told."""
PROBES: Final = ("/livez", "/readyz")
"""What health checks ask for, again and again."""


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
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("asgi_correlation_id").setLevel("ERROR")  # a client's odd request id is no event of ours


class RequestLog:
    """ASGI: one line a request, once it is answered; a failure that has been answered stops here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception:
            if not status:
                raise
        finally:
            log.log(
                logging.DEBUG if scope["path"] in PROBES else logging.INFO,
                "request",
                client=(scope.get("client") or ("",))[0],
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"][:500].decode("latin-1"),
                status=status,
                ms=round(1000 * (time.perf_counter() - started), 1),
            )
