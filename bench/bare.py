"""A bare ASGI application that sends recorded answers: the least that any service must do to send these bytes."""

import os
import pickle
from pathlib import Path
from typing import Any, Final

RECORDED: Final[dict[bytes, tuple[dict[str, Any], dict[str, Any]]]] = pickle.loads(  # noqa: S301 - written by ourselves
    Path(os.environ["BENCH_RECORDED"]).read_bytes()
)


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Send what was recorded for the path and query."""
    if scope["type"] != "http":
        return
    start, body = RECORDED[scope["raw_path"] + b"?" + scope["query_string"]]
    await send(start)
    await send(body)
