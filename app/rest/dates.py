"""Time as the register has it: periods, dates as vague as they were stated, and histories that are possible."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Final, Protocol, Self

from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException
from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.rest.rules import wrong
from app.rest.schema import Day, Schema


class Period(Schema):
    """A span of days, half open: `start` belongs to it, `end` is the first day after it."""

    start: Day | None = Field(examples=["2007-01-01"])
    """The first day of the period; null when unknown or without beginning: on any day before its end it is then under
    way, unless something else says when it began."""
    end: Day | None = Field(examples=["2027-01-01"])
    """The first day after the period (exclusive); null when unknown or without end: it is then under way still."""

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise wrong(f"A period must end after it starts; {self.end} is not after {self.start}")
        return self


def overlap(periods: Iterable[Period | None]) -> bool:
    """Whether two of these periods have a day in common; one that is unknown may be any."""
    bounds = sorted(((p and p.start) or date.min, (p and p.end) or date.max) for p in periods)
    return any(start < end for (_, end), (start, _) in pairwise(bounds))


PLAIN: Final = re.compile(r"[1-9][0-9]{3}(-(0[1-9]|1[0-2])(-[0-9]{2})?)?")
"""A year, a month or a day, which most dates are: their bounds need no parser, and it takes milliseconds."""


LONGEST: Final = 60
"""How long a date may be, in characters."""


def _edtf(text: str) -> str:
    _bounds(text)
    return text


@lru_cache(maxsize=1000)
def _bounds(text: str) -> tuple[date | None, date | None]:
    """The first and the last day that a date in EDTF can mean."""
    if len(text) > LONGEST:
        raise wrong(f"A date should have at most {LONGEST} characters")  # to parse it could take minutes
    try:
        if PLAIN.fullmatch(text):
            first = date.fromisoformat(text + "-01-01"[len(text) - 4 :])
            whole = {4: {"month": 12, "day": 31}, 7: {"day": monthrange(first.year, first.month)[1]}}
            return first, first.replace(**whole.get(len(text), {}))
        parsed = parse_edtf(text)
        return day(parsed.lower_strict()), day(parsed.upper_strict())
    except (EDTFParseException, ValueError, AttributeError, TypeError) as error:
        raise wrong("Input should be a date as EDTF (ISO 8601-2), such as 2019-12, 2012 or 2013-22") from error


def day(moment: Any) -> date | None:
    """The day of a bound that the EDTF library computed; an open or unknown bound is None."""
    return None if isinstance(moment, float) else date(moment.tm_year, moment.tm_mon, moment.tm_mday)


class Dated(Protocol):
    """A step that may have a date."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def date(self) -> "StatedDate | None":
        """When."""


def refuse_disorder(field: str, steps: Sequence[Dated], order: Mapping[str, Sequence[str]]) -> None:
    """Refuse a history, which a field has, in which a step certainly came before one that must have come first.

    `order` says after which steps each comes. Steps may recur; the first of each kind counts. Vague dates are compared
    by what they can mean, and the undated come in any order.
    """
    first: dict[str, StatedDate] = {}
    for step in steps:
        if step.date and (step.kind not in first or _earliest(step.date) < _earliest(first[step.kind])):
            first[step.kind] = step.date
    for later, befores in order.items():
        for before in befores:
            if later in first and before in first and _latest(first[later]) < _earliest(first[before]):
                says = f"{later} ({first[later].edtf}) cannot come before {before} ({first[before].edtf})"
                raise wrong(says, field)


def _earliest(stated: "StatedDate") -> date:
    return stated.earliest or date.min


def _latest(stated: "StatedDate") -> date:
    return stated.latest or date.max


FOLLOWS: Final[dict[str, JsonValue]] = {"readOnly": True}
"""What marks a field that follows from others and need not be written."""


class StatedDate(Schema):
    """A date as precisely as it was stated, with the first and the last day that it can mean."""

    edtf: Annotated[str, StringConstraints(max_length=LONGEST), AfterValidator(_edtf)] = Field(examples=["2019-12"])
    """The date as EDTF (ISO 8601-2): a day, a month, a year, a season, an interval; `~` about, `?` uncertain."""
    earliest: date | None = Field(None, examples=["2019-12-01"], json_schema_extra=FOLLOWS)
    """The first day that it can mean; null when open. Computed from `edtf`."""
    latest: date | None = Field(None, examples=["2019-12-31"], json_schema_extra=FOLLOWS)
    """The last day that it can mean; null when open. Computed from `edtf`."""

    @model_validator(mode="before")
    @classmethod
    def _compute_bounds(cls, value: object) -> object:
        if not isinstance(value, dict) or not isinstance(value.get("edtf"), str):
            return value
        try:
            bounds = dict(zip(("earliest", "latest"), _bounds(value["edtf"]), strict=True))
        except PydanticCustomError:
            return value  # the field's own validator says what is wrong
        for name, computed in bounds.items():
            if value.get(name) not in (None, computed, str(computed)):
                raise wrong(f"{name} follows from edtf and is {computed}; it may be left out")
        return {**value, **bounds}
