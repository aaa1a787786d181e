"""Answers: finished bytes of JSON, with what caches need to know."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Generic, TypeVar, get_args

from fastapi import Response
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")


class Json(Response, Generic[T]):
    """Finished bytes of JSON; in the OpenAPI exactly T."""

    media_type = "application/json"

    def __init__(
        self,
        body: bytes,
        *,
        version: int | None = None,
        headers: Mapping[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> None:
        kept = {"ETag": tag_of(body, version), "Cache-Control": "public, no-cache", **(headers or {})}
        super().__init__(body, status, {name: value for name, value in kept.items() if value})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In the OpenAPI, what the bytes hold."""
        return handler.generate_schema(get_args(source)[0])


def tag_of(body: bytes, version: int | None = None) -> str:
    """The ETag of an answer: a hash of its bytes, with the version in front where it is a record."""
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


class Conditional:
    """ASGI: answers 304 to a client that has the answer already, and HEAD with a GET's headers alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, without a body where the client needs none."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        held = {tag.strip().removeprefix("W/") for tag in Headers(scope=scope).get("if-none-match", "").split(",")}
        bare = scope["method"] == "HEAD"

        async def without_body(message: Message) -> None:
            nonlocal bare
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                tag = Headers(raw=message["headers"]).get("etag")
                if tag and (tag in held or "*" in held):
                    bare = True
                    kept = [(k, v) for k, v in message["headers"] if k not in (b"content-length", b"content-type")]
                    message = {**message, "status": HTTPStatus.NOT_MODIFIED, "headers": kept}
            elif message["type"] == "http.response.body" and bare:
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", "bare": bare}, receive, without_body)
