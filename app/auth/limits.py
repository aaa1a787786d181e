"""How often something may be done: kept in the database, so that all workers count together.

A bucket holds a minute's worth and empties steadily: whoever has filled it goes on as fast as it empties. One row a
bucket, one statement a count.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

MINUTE: Final = 60.0
FILL: Final = """
insert into allowance as a (name, empty_at) values ($1, now() + $2::float8 * interval '1 second')
on conflict (name) do update set empty_at = greatest(a.empty_at, now()) + $2::float8 * interval '1 second'
where a.empty_at <= now() + (60 - $2::float8) * interval '1 second'
returning true
"""
"""Add to a bucket as long as it takes to empty by as much; nothing is returned when it is full."""
SWEEP: Final = """
delete from allowance where name in (
    select name from allowance where empty_at < now() limit 1000 for update skip locked
)
"""
"""Forget buckets that are empty."""


class AllowanceRow(Base):
    """A bucket, and when it will be empty again; unlogged, for a crash may empty it."""

    __tablename__ = "allowance"

    name: Mapped[str] = mapped_column(primary_key=True)
    empty_at: Mapped[datetime]
