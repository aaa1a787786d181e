"""Answers: finished bytes of JSON, with what caches need to know."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Generic, TypeVar, get_args

from fastapi import Response
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

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
