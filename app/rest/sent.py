"""What a caller sends: the bytes of a body, of the right type and no longer than they may be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from app.connections import PATIENCE
from app.errors import InvalidBody, TooLarge, TooSlow, UnsupportedBody
from app.rest.body import parse_json
from app.rest.schema import RecordData
from app.settings import Settings

D = TypeVar("D", bound=RecordData[Any])
MEDIA_TYPES: Final = {"POST": "application/json", "PUT": "application/json", "PATCH": "application/merge-patch+json"}
"""Of which type the body of each method is."""


@dataclass(frozen=True, slots=True)
class Body(Generic[D]):
    """A body, which says what a record of a shape shall be, or what of it shall change."""

    raw: bytes

    def json(self) -> Any:
        """Its value; InvalidBody says where it is none."""
        return parse_json(self.raw)


async def _body(request: Request) -> Body[Any]:
    settings: Settings = request.app.state.writer.settings
    check_type(request, MEDIA_TYPES[request.method])
    raw = bytearray()
    async for chunk in pieces(request, settings.max_body_bytes):
        raw += chunk
    return Body(bytes(raw))


async def pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """A body as it comes; TooLarge once it is known to be longer than it may be, TooSlow when no more of it comes."""
    too_large, length = TooLarge(f"A body may have {most} bytes."), 0
    if int(request.headers.get("Content-Length", 0)) > most:
        raise too_large
    try:
        chunks = request.stream()
        while (chunk := await asyncio.wait_for(anext(chunks, None), PATIENCE)) is not None:
            length += len(chunk)
            if length > most:
                raise too_large
            yield chunk
    except ClientDisconnect as error:
        raise InvalidBody("The body breaks off.") from error
    except TimeoutError as error:
        raise TooSlow(f"Nothing more of the body has come for {PATIENCE} seconds.") from error


def check_type(request: Request, *wanted: str) -> str:
    """The media type of a body; UnsupportedBody when it is none of those that are wanted, or encoded."""
    header = Message()
    header["Content-Type"] = request.headers.get("Content-Type", "text/plain")
    given, charset = header.get_content_type(), header.get_content_charset("utf-8")
    right = {"Accept-Patch": ", ".join(wanted)} if request.method == "PATCH" else {}  # RFC 5789
    if given not in wanted or charset not in ("utf-8", "us-ascii"):
        says = f"The header Content-Type should be {' or '.join(wanted)}, and the body UTF-8."
        raise UnsupportedBody(says, headers=right)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedBody("A body should come as it is, without the header Content-Encoding.", headers=right)
    return given


Sent = Annotated[Body[D], Depends(_body)]
"""What a route declares to take a body; it is read once the caller is known."""
