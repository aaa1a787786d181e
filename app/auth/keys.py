"""API keys: shown once, kept as a hash."""

import difflib
import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import Row, column, func, insert, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.caller import Caller, Role
from app.db import Base, table_of
from app.errors import BadParameters, Unauthorized, bad_parameter

KEY: Final = re.compile(r"(brn_[0-9a-f]{8})_[0-9a-f]{64}")
"""A key: a prefix by which people tell keys apart, and a secret of 256 bits."""
MOST_LABEL: Final = 100
PREFIX_LENGTH: Final = 12
FIND: Final = """
with used as (
    update api_key set last_used_at = now()
    where hash = $1 and revoked_at is null and (expires_at > now() or expires_at is null)
    and (last_used_at < now() - interval '1 minute' or last_used_at is null)
)
select prefix, label, role, organisations, expires_at, revoked_at, expires_at <= now() as expired
from api_key where hash = $1
"""
"""Whose key it is; that it is in use is noted once a minute at the most."""


class ApiKeyRow(Base):
    """An API key; the secret itself is nowhere."""

    __tablename__ = "api_key"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the whole key. It is as random as can be, so that a slow hash would protect nothing more."""
    label: Mapped[str]
    role: Mapped[str]
    organisations: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


def hash_of(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).digest()


def caller(found: asyncpg.Record | None) -> Caller:
    """The caller whose key was found; Unauthorized when it was not, or no longer counts."""
    if found is None:
        raise Unauthorized("There is no such key.")
    if found["revoked_at"]:
        raise Unauthorized(f"The key {found['prefix']} has been revoked.")
    if found["expired"]:
        raise Unauthorized(f"The key {found['prefix']} has expired.")
    name, role = f"key:{found['prefix']} {found['label']}", Role(found["role"])
    return Caller(name, role, frozenset(found["organisations"]), found["expires_at"])


async def create(
    connection: AsyncConnection,
    label: str,
    role: Role,
    organisations: Collection[str] = (),
    until: datetime | None = None,
) -> str:
    """Make a key and tell it, which nobody can do again; BadParameters says what is wrong with what it is made for."""
    faults = []
    if not (label.strip() and label.isprintable() and len(label) <= MOST_LABEL):
        faults.append(bad_parameter("label", f"should be 1 to {MOST_LABEL} printable characters"))
    if (role is Role.EDITOR) != bool(organisations):
        what = "an editor needs at least one" if role is Role.EDITOR else f"{role} keeps all, and takes none"
        faults.append(bad_parameter("organisation", what))
    if until and until <= datetime.now(UTC):
        faults.append(bad_parameter("expires", "should be a day to come"))
    known: set[str] = set(await connection.scalars(select(column("id")).select_from(table("organisation"))))
    for id in sorted(set(organisations) - known):
        near = difflib.get_close_matches(id, known)
        hint = f"; there is {', '.join(near)}" if near else ""
        faults.append(bad_parameter("organisation", f"there is no {id}{hint}", near))
    if faults:
        raise BadParameters(faults=faults)
    prefix = f"brn_{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_hex(32)}"
    of = {"label": label.strip(), "role": role.value, "organisations": sorted(set(organisations))}
    kept = {"prefix": prefix, "hash": hash_of(key), "created_at": func.now(), "expires_at": until, **of}
    await connection.execute(insert(ApiKeyRow).values(kept))
    return key


async def listed(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """All keys, the oldest first."""
    return (await connection.execute(select(table_of(ApiKeyRow)).order_by(ApiKeyRow.created_at))).all()


async def revoke(connection: AsyncConnection, key: str) -> str:
    """Have a key, named by how it begins, not count from now on; tell its prefix, or BadParameters if there is none."""
    prefix = key[:PREFIX_LENGTH] if key.startswith("brn_") else f"brn_{key}"
    now = func.coalesce(ApiKeyRow.revoked_at, func.now())
    revoked = update(ApiKeyRow).where(ApiKeyRow.prefix == prefix).values(revoked_at=now)
    if not (await connection.execute(revoked)).rowcount:
        raise BadParameters(faults=[bad_parameter("prefix", "there is no such key; `broen keys list` has them all")])
    return prefix
