"""Revisions and the change log: what was written when, by whom, and what it became.

A revision is one committed transaction that writes. Its changes name every record that it touched, with the record as
it was stored afterwards. Both tables are only ever added to.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class RevisionRow(Base):
    """One committed write transaction; ids follow the order of commits, and `at` increases strictly."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str]
    note: Mapped[str | None]
    by_organisations: Mapped[list[str] | None]
    """Whose records the author keeps, as an editor, by id; null for all others."""


class ChangeRow(Base):
    """What a revision did to one record."""

    __tablename__ = "change"

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.id"), index=True)
    resource: Mapped[str]
    id: Mapped[str]
    version: Mapped[int]
    op: Mapped[str]
    value: Mapped[Any | None] = mapped_column(JSONB)
    """The record as stored, with its parts, references as ids; null when it was deleted."""

    __table_args__ = (Index(None, "resource", "id", "version", unique=True),)
