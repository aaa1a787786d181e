"""Answers: finished bytes of JSON, with what caches need to know."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar, get_args

from fastapi import Response
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

T = TypeVar("T")
ZEROS: Final = re.compile(r"(\.\d*[1-9])0+(?=\+)")
"""Those at the end of a fraction of a second."""


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


def spelt(value: Any) -> str:
    """A value as JSON, which spells decimals and instants as the database does: the same in whatever answer."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{spelt(key)}:{spelt(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(spelt, value))}]"
    if isinstance(value, datetime):
        return json.dumps(ZEROS.sub(r"\1", value.isoformat()))
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def tag_of(body: bytes, version: int | None = None) -> str:
    """The ETag of an answer: a hash of its bytes, with the version in front where it is a record."""
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'
