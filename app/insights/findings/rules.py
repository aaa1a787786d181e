"""What a rule is, and how it tells where it is broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Numeric,
    Select,
    SQLColumnExpression,
    Text,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, aggregate_order_by
from sqlalchemy.types import TypeEngine
from typing_extensions import TypeAliasType

from app.insights.records import path_of
from app.rest.export.formats import Language

Severity = TypeAliasType(
    "Severity",
    Annotated[
        Literal["error", "warning", "notice"],
        Field(
            description="""- `error`: a law, or arithmetic, is certainly broken
- `warning`: something is late, or two statements certainly contradict each other
- `notice`: something is missing, or the register does not know it"""
        ),
    ],
)
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "notice")
"""The gravest first."""


class Said(NamedTuple):
    """A sentence in either language."""

    da: str
    en: str

    def told(self, lang: Language) -> str:
        """The sentence in this language."""
        return self.en if lang == "en" else self.da


@dataclass(frozen=True)
class Rule:
    """A rule of law or of sense. `found` selects, by `found()`, the records that break it as of the day asked about."""

    id: str
    severity: Severity
    basis: Said
    """The law with its paragraph, or the reason."""
    sentence: Said
    """What is wrong with a record that breaks it."""
    found: Select[Any] | CompoundSelect[Any]


DETAIL: Final[Mapping[str, TypeEngine[Any]]] = {
    "part": Integer(),
    "day": Date(),
    "days": Integer(),
    "period": DATERANGE(),
    "amount": Numeric(),
    "against": Numeric(),
    "currency": Text(),
    "fields": ARRAY(Text()),
    "stated": JSONB(),
    "others": ARRAY(Text()),
}
"""What a rule can tell of a record that breaks it; `part` numbers what breaks it in one record."""


def found(
    resource: str | SQLColumnExpression[str], id: SQLColumnExpression[str], **detail: SQLColumnExpression[Any]
) -> Select[Any]:
    """A record of a resource that breaks a rule, and what there is to tell of it."""
    of = literal_column(f"'{resource}'", Text()) if isinstance(resource, str) else resource
    if unknown := detail.keys() - DETAIL.keys():
        raise TypeError(f"There is no {' or '.join(sorted(unknown))} to tell of a finding")
    return select(
        of.label("resource"),
        id.label("id"),
        *(cast(detail.get(name, null()), kind).label(name) for name, kind in DETAIL.items()),
    )


def days(since: SQLColumnExpression[Any], until: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """How many days there are from one day to another."""
    return cast(until - since, Integer)


def paths(resource: str, id: Any, *order: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """The paths of a group's records of a resource, in the given order."""
    return func.array_agg(aggregate_order_by(path_of(resource, id), *order), type_=ARRAY(Text()))


def pointers(*fields: str) -> ColumnElement[list[str]]:
    """The fields that contradict each other, as JSON pointers."""
    return literal(list(fields), ARRAY(Text()))
