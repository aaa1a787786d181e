"""What the register knew: every question can be put to it as it stood at a revision, or at an instant."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, NamedTuple

import asyncpg
from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from app.errors import BadParameters, bad_parameter
from app.rest.rules import wrong
from app.rest.schema import Absent, Schema
from app.settings import COPENHAGEN

NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,14}")
INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(datetime)
FIRST: Final = 1000
LAST: Final = 9999
RIGHT: Final = "Input should be the number of a revision, or an instant with its offset from UTC (2026-11-22T09:30:00Z)"


def _known_at(value: object) -> int | datetime:
    """A revision or an instant, as it is spelt in a query."""
    text = str(value)
    if NUMBER.fullmatch(text):
        return int(text)
    try:
        instant = INSTANT.validate_strings(text)
    except ValidationError as error:
        raise wrong(RIGHT) from error
    if instant.tzinfo is None or ":" not in text:
        raise wrong(RIGHT)
    if not FIRST <= instant.year < LAST:
        raise wrong(f"The instant should be of the years {FIRST} to {LAST - 1}")
    return instant.astimezone(UTC)


def _spelt(value: int | datetime) -> str:
    return str(value) if isinstance(value, int) else value.isoformat()


KnownAt = Annotated[
    int | datetime,
    PlainValidator(_known_at),
    PlainSerializer(_spelt, return_type=str, when_used="unless-none"),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, {"type": "string", "format": "date-time"}]}
    ),
]
SPELT: Final[TypeAdapter[int | datetime]] = TypeAdapter(KnownAt)


class Known(Schema):
    """What the register is to know."""

    known_at: KnownAt | Absent = Field(None, examples=[1])
    """Answer what the register said when it had this revision, 0 being before the first, or at this instant (RFC 3339);
    what it says now when left out."""


class Past(NamedTuple):
    """The register as it once stood."""

    revision: int
    day: date
    """What today was then, in Copenhagen."""
    newest: int
    """The newest revision when this was asked."""


ASKED: Final = """
    select id, at, (select max(id) from revision) as newest, clock_timestamp() as now
    from (select) as always
    left join lateral (select id, at from revision where {} order by at desc limit 1) as found on true
"""
BY_NUMBER: Final = ASKED.format("id = $1::bigint")
BY_INSTANT: Final = ASKED.format("at <= $1::timestamptz")


def asked(known_at: str) -> tuple[str, int | datetime] | None:
    """What to ask the database for a value of `known_at`, and with which argument; None for one that means nothing."""
    try:
        value = SPELT.validate_python(known_at)
    except ValidationError:
        return None  # the question's own model tells what would be right
    return (BY_NUMBER if isinstance(value, int) else BY_INSTANT), value


def past(value: int | datetime, found: asyncpg.Record) -> Past:
    """What the database answered; BadParameters for what is still to come."""
    if isinstance(value, int):
        if found["id"] is None and value:
            says = f"There is no revision {value}; the newest is {found['newest'] or 0}"
            raise BadParameters(faults=[bad_parameter("known_at", says)])
        at = found["at"] or found["now"]  # what came before the first revision has no instant
        return Past(value, at.astimezone(COPENHAGEN).date(), found["newest"] or 0)
    if value > found["now"]:
        says = "What will be known cannot be told: the instant should not be a future one"
        raise BadParameters(faults=[bad_parameter("known_at", says)])
    return Past(found["id"] or 0, value.astimezone(COPENHAGEN).date(), found["newest"] or 0)
