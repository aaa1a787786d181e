"""The database as SQLAlchemy sees it: the base of all tables, and the engine that writes."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, cast

import asyncpg
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, Range
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column
from sqlalchemy.types import TypeEngine

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {
        str: Text,
        list[str]: ARRAY(Text),
        date: Date,
        datetime: DateTime(timezone=True),
        Decimal: Numeric(15, 2),
        Range[date]: DATERANGE,
    }


def refers_to(table: str) -> MappedColumn[Any]:
    """A column that holds the id of a record; checked before the commit, so that records may name each other."""
    return mapped_column(
        Text, ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED", use_alter=True), index=True
    )


def comes_after(table: str) -> MappedColumn[Any]:
    """A part's column that holds the id of a record which comes before the part's own: nothing comes before itself."""
    return mapped_column(
        Text,
        ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED", use_alter=True),
        index=True,
        info={"before": True},
    )


def part_of(table: str) -> MappedColumn[Any]:
    """The column of a part that says which record it belongs to."""
    return mapped_column(Text, ForeignKey(f"{table}.id", ondelete="CASCADE"), index=True)


def danish_order(column: str) -> MappedColumn[Any]:
    """A column to sort by: the text of another in Danish order, as the database's `danish_order` makes it."""
    return mapped_column(Text(collation="C"), Computed(f"danish_order({column})", persisted=True))


def made(value: Callable[[Any], object], type_: TypeEngine[Any] | None = None) -> MappedColumn[Any]:
    """A record's column that is made from the whole record as it is written, so that nobody need go through parts."""
    return mapped_column(type_, info={"made": value})


def once(*columns: str) -> UniqueConstraint:
    """That a record has no two parts with the same values; checked before the commit, for parts are replaced whole."""
    return UniqueConstraint("record_id", *columns, deferrable=True, initially="DEFERRED")


def target_of(column: ColumnElement[Any]) -> Column[Any] | None:
    """The column of ids that a column refers to by itself, if it does."""
    alone = (key.column for key in column.foreign_keys if key.constraint and len(key.constraint.elements) == 1)
    return next(alone, None)


def table_of(row: type[Base]) -> Table:
    """The table behind a mapped class."""
    return cast("Table", row.__table__)


class RecordRow(Base):
    """A record: what has an id of its own on the web."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    owner_id: Mapped[str | None] = refers_to("organisation")


class PartRow(Base):
    """A part of a record: written and deleted with it, in a given order. Its `record_id` refers to the record."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int]
    record_id: Mapped[str]


def create_engine(url: str, statement_seconds: float) -> AsyncEngine:
    """The engine that writes: UTC, and no statement or lock waits without end.

    The driver itself reads the address, with whatever libpq would understand, as it does for the reads.
    """
    settings = {
        "application_name": "broen writes",
        "lock_timeout": "60s",
        "statement_timeout": f"{int(statement_seconds * 1000)}ms",
        "timezone": "UTC",
    }

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url, server_settings=settings)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_size=5, pool_pre_ping=True)
