"""What a caller sends: the bytes of a body, of the right type and no longer than they may be."""

from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from app.errors import InvalidBody, TooLarge, UnsupportedBody
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
    _check_type(request)
    if int(request.headers.get("Content-Length", 0)) > settings.max_body_bytes:
        raise _too_large(settings)
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > settings.max_body_bytes:
                raise _too_large(settings)
    except ClientDisconnect as error:
        raise InvalidBody("The body breaks off.") from error
    return Body(bytes(raw))


def _too_large(settings: Settings) -> TooLarge:
    return TooLarge(f"A body may have {settings.max_body_bytes} bytes.")


def _check_type(request: Request) -> None:
    wanted, header = MEDIA_TYPES[request.method], Message()
    header["Content-Type"] = request.headers.get("Content-Type", "text/plain")
    charset = header.get_content_charset("utf-8")
    if (header.get_content_type(), charset) not in ((wanted, "utf-8"), (wanted, "us-ascii")):
        raise UnsupportedBody(f"The header Content-Type should be {wanted}, and the body UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedBody("A body should come as it is, without the header Content-Encoding.")


Sent = Annotated[Body[D], Depends(_body)]
"""What a route declares to take a body; it is read once the caller is known."""
