"""Requests that are sent again: the first answer is kept for a day under the key that its sender gave it.

It is written in the transaction of the write itself, so that there is an answer if and only if there was a write; and
writers take turns, so that of two at once the second finds the answer of the first.
"""

import hashlib
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.errors import KeyUsed, bad_parameter
from app.rest.holding import View
from app.rest.intent import Intent
from app.rest.reading import Statement
from app.rest.response import Json
from app.rest.revision import Revision

KEPT: Final = ("Broen-As-Of", "Broen-Revision", "Cache-Control", "ETag", "Location")
"""The headers of an answer that are given again."""
FIND: Final = Statement(text("select * from repeatable where key = :key and created_at > now() - interval '24 hours'"))
KEEP: Final = Statement(
    text("""
    with old as (
        delete from repeatable where key in (
            select key from repeatable where created_at < now() - interval '24 hours' and key <> :key limit 100
        )
    )
    insert into repeatable (key, request, status, headers, body, created_at)
    values (:key, :request, :status, :headers, :body, now())
    on conflict (key) do update set request = excluded.request, status = excluded.status,
        headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
    """)
)
"""Keep an answer, and forget some that are older than a day."""


class RepeatableRow(Base):
    """An answer that is given again to whoever asks the same again."""

    __tablename__ = "repeatable"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    """A hash of the key and of whose it is."""
    request: Mapped[bytes]
    """A hash of what was asked."""
    status: Mapped[int]
    headers: Mapped[Any] = mapped_column(JSONB)
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Repeat:
    """A request that may be one that is sent again: the same body, or one of the same digest."""

    def __init__(self, intent: Intent, raw: bytes = b"", digest: str | None = None) -> None:
        kept = intent.key is not None and not intent.dry_run
        self._key = _hash(intent.caller.name, intent.key or "") if kept else None
        self._request = _hash(intent.path, digest or hashlib.blake2b(raw).hexdigest())

    async def first(self, revision: View) -> Json[Any] | None:
        """The answer that this request got the first time; KeyUsed when the key marks another request."""
        row = self._key and await revision.row(FIND, {"key": self._key})
        if not row:
            return None
        if row["request"] != self._request:
            says = "The key has been used for another request within 24 hours; make a new one for each"
            raise KeyUsed(faults=[bad_parameter("Idempotency-Key", says)])
        return Json(row["body"], headers=json.loads(row["headers"]), status=HTTPStatus(row["status"]))

    async def keep(self, revision: Revision, answer: Json[Any]) -> None:
        """Keep the answer for when it is asked for again."""
        if self._key:
            headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
            kept = {"status": answer.status_code, "headers": json.dumps(headers), "body": answer.body}
            await revision.rows(KEEP, {"key": self._key, "request": self._request, **kept})


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=32).digest()
