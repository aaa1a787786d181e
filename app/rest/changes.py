"""Revisions and the change log: what was written when, by whom, and what it became.

A revision is one committed transaction that writes. Its changes name every record that it touched, with the record as
it was stored afterwards. Both tables are only ever added to, but that a person's details are erased from all that they
hold: which entries there are, and their order, stays.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Text,
    bindparam,
    case,
    cast,
    func,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.auth import Caller, Role
from app.db import Base

REGISTER: Final = "register"
"""How those are called who write for no organisation, to whoever may not know their names."""


class RevisionRow(Base):
    """One committed write transaction; ids follow the order of commits, and `at` increases strictly."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True, unique=True)
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
    """The record as stored, with its parts, references as ids; null when it was deleted, then or before."""
    replaced_by: Mapped[str | None]
    """The id of the record that stands for a deleted one, where one does."""

    __table_args__ = (
        Index(None, "resource", "id", "version", unique=True),
        Index("ix_change_erased", "revision", postgresql_where="op = 'erase'"),
    )


class MirrorRow(Base):
    """What a register is a mirror of, if it is one: then only the mirror itself writes to it."""

    __tablename__ = "mirror"

    source: Mapped[str] = mapped_column(primary_key=True)
    """The address of the other register."""
    position: Mapped[str]
    """The position in its log up to which this one is the same."""
    epoch: Mapped[str]


def author() -> ColumnElement[str]:
    """Who made a revision, as far as a viewer may know, over the parameters that `viewing` gives.

    Whoever keeps all records knows all names, and an editor those of who keeps the same organisations' records. All
    others are told the organisations, or that it was the register itself.
    """
    organisations = func.coalesce(RevisionRow.by_organisations, cast([], ARRAY(Text)), type_=ARRAY(Text))
    same = organisations.overlap(bindparam("sees", type_=ARRAY(Text)))
    return case(
        (or_(bindparam("sees_all", type_=Boolean), same), RevisionRow.by),
        else_=func.coalesce(func.nullif(func.array_to_string(organisations, ", "), ""), REGISTER),
    )


def viewing(viewer: Caller | None) -> dict[str, Any]:
    """What decides which names a viewer may know."""
    if viewer is None:
        return {"sees_all": False, "sees": []}
    return {"sees_all": viewer.role is not Role.EDITOR, "sees": sorted(viewer.organisations)}
