"""What can be asked of a list: a query model whose fields are the parameters, and each filter is its SQL.

class ThingQuery(ListQuery):
    size_min: Annotated[Count | Absent, Where(lambda value: ThingRow.size >= value)] = None
    colour: Annotated[list[Id] | Absent, any_of(ThingRow.colour_id)] = None
    sort: Annotated[Literal["name", "-name"], Sorts(name=ThingRow.sort_name)] = "name"
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Final, Self, cast, get_args
from urllib.parse import unquote_to_bytes, urlencode

from fastapi import Path, Request
from pydantic import Field, model_validator
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    bindparam,
    exists,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType, TypeEngine

from app.db import Base, PartRow, RecordRow, target_of
from app.errors import BadParameters, bad_parameter
from app.errors.handling import query_models
from app.rest.export.formats import ACCEPT, FormatQuery
from app.rest.known import Known
from app.rest.links import Condition, Link, Linked
from app.rest.schema import Absent, Day, Id, Term
from app.rest.view import record_of

MOST_VALUES: Final = 1000
"""How many values a parameter takes."""


@dataclass(frozen=True)
class Where:
    """A filter: the condition that it sets on the records, given its value as a bound parameter."""

    condition: Callable[[Any], Condition]
    type: TypeEngine[Any] = field(default_factory=NullType)
    ids: tuple[ColumnElement[Any], ...] = ()
    """The columns that hold the ids which the parameter takes; none where the values are no ids."""
    links: tuple[Link, ...] = ()
    """What a record has the values by, so that records can be counted by them; none where the condition is another."""
    linked: Linked | None = None
    """How those that have one of the values are found by several links, be they few or many."""
    meaningless: tuple[Condition, str] | None = None
    """What tells that a value means nothing, and what would be right; None where every value means something."""

    def sql(self, name: str) -> Condition:
        """The condition, over the parameter of this name."""
        return self.condition(self.value(name))

    def value(self, name: str) -> BindParameter[Any]:
        """The parameter of this name."""
        return bindparam(name, type_=self.type)

    @property
    def targets(self) -> list[Column[Any]]:
        """The columns of ids, in one of which every value must be."""
        found = (id if id.primary_key else target_of(id) for id in self.ids)
        return list(dict.fromkeys(target for target in found if isinstance(target, Column)))


def any_of(*columns: SQLColumnExpression[Any], only: Sequence[Condition] = ()) -> Where:
    """A filter on one or several values, which any of the columns may have.

    A column of a part counts when any part of the record has the value; `only` narrows which parts count. Where the
    columns hold ids of records, ids that nobody has are refused.
    """
    stored = [stored_column(column) for column in columns]
    ids = tuple(column for column in stored if column.primary_key or column.foreign_keys)
    links = tuple(_link(column, only) for column in columns)

    def own(values: Any) -> Condition:
        return columns[0] == any_(values)

    record = next((record_of(row) for column in columns if (row := _part(column))), None)
    if record is None and len(columns) > 1:
        record = stored[0].table.c.id
    condition = own if record is None else Linked(record, links).any
    return Where(condition, ARRAY(stored[0].type), ids, links)


def any_in(record: InstrumentedAttribute[str], target: InstrumentedAttribute[Any], *links: Link) -> Where:
    """A filter on ids of a target, any of which a link gives the record."""
    linked = Linked(stored_column(record), links)
    return Where(linked.any, ARRAY(Text()), (stored_column(target),), links, linked)


def _link(column: SQLColumnExpression[Any], only: Sequence[Condition]) -> Link:
    row = _part(column)
    stored = stored_column(column)
    own = stored.table.c.id if isinstance(stored, Column) else None  # what is computed is the record's own
    return Link(row.record_id if row else own, column, only=tuple(only))


def _part(column: SQLColumnExpression[Any]) -> Any:
    row: Any = column.class_ if isinstance(column, InstrumentedAttribute) else Base
    return row if issubclass(row, PartRow) else None


def through(key: SQLColumnExpression[Any], record: type[RecordRow], where: Where) -> Where:
    """A filter of another resource's list, asked of the record that the key refers to."""

    def condition(value: Any) -> Condition:
        return exists().where(record.id == key, where.condition(value))

    linked = where.linked and replace(where.linked, by=stored_column(key))
    return Where(condition, where.type, where.ids, linked=linked)


def any_id(target: InstrumentedAttribute[Any], condition: Callable[[Any], Condition]) -> Where:
    """A filter on one or several ids of a target, which the condition takes as an array."""
    return Where(condition, ARRAY(Text()), (stored_column(target),))


def referred(
    table: str, by: str, key: SQLColumnExpression[Any], condition: Callable[[FromClause], Condition]
) -> Condition:
    """That a row of a table, named as foreign keys name it, refers by its column `by` to the record and is so.

    The table may be a higher resource's: which initiatives a pool pays for is told by the grants.
    """
    rows = Base.metadata.tables[table].alias()
    return exists().where(rows.c[by] == key, condition(rows))


def any_state(states: Mapping[str, Condition]) -> Where:
    """A filter on one or several named states, any of which the record is in."""

    def condition(names: Any) -> Condition:
        return or_(*(and_(literal_column(f"'{name}'") == any_(names), is_so) for name, is_so in states.items()))

    return Where(condition, ARRAY(Text()))


def stored_column(attribute: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """The table's column behind a mapped attribute; any other expression as it is."""
    if isinstance(attribute, InstrumentedAttribute):
        attribute = attribute.property.columns[0]
    return cast("ColumnElement[Any]", attribute)


class Sorts:
    """What a list can be sorted by: each name in the parameter `sort`, and its SQL."""

    def __init__(self, **keys: SQLColumnExpression[Any]) -> None:
        self.keys = keys


class Moment(Known):
    """The day that an answer is about, and what the register is to know."""

    as_of: Day | Absent = Field(None, examples=["2027-01-01"])
    """Answer as of this day, past or future (years 1000 to 9998). When left out, it is the day of `known_at`, or else
    today, in Europe/Copenhagen."""


class Question(Moment):
    """What is asked of many records: a model adds the filters that it takes."""

    @classmethod
    def filters(cls) -> dict[str, Where]:
        """The filters that there are."""
        return _filters(cls)

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        """Crossed, they would find nothing, and nobody would know why."""
        crossed = [
            bad_parameter(
                low, f"Bounds should not be crossed: {getattr(self, low)} is beyond {high}, {getattr(self, high)}"
            )
            for low, high in _bounds(type(self))
            if None not in (getattr(self, low), getattr(self, high)) and getattr(self, low) > getattr(self, high)
        ]
        if crossed:
            raise BadParameters(faults=crossed)
        return self

    def present(self) -> dict[str, Any]:
        """The filters that are set, with their values."""
        return {name: value for name in self.filters() if (value := getattr(self, name)) is not None}

    def url(self, **changes: str) -> str:
        """The question as it stands in a URL, with changes."""
        asked = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True) | changes
        return urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in asked.items()}, doseq=True)


@cache
def _filters(model: type[Question]) -> dict[str, Where]:
    return {n: m for n, info in model.model_fields.items() for m in info.metadata if isinstance(m, Where)}


@cache
def _bounds(model: type[Question]) -> list[tuple[str, str]]:
    """The filters that are the lower and the upper bound of the same."""
    ends = (("_min", "_max"), ("_from", "_to"))
    pairs = ((low, low.removesuffix(a) + b) for low in _filters(model) for a, b in ends if low.endswith(a))
    return [(low, high) for low, high in pairs if high in _filters(model)]


class Filters(Question):
    """Which records are meant; a list adds its filters, and whatever is said of many records takes the same."""

    id: list[Id] | Absent = None
    """Only these records, by id; repeat it for several, and set `limit` to as many."""
    document: list[Id] | Absent = Field(None, examples=[["pressemeddelelse-broen-2014"]])
    """Only records that one of these documents, by id, is a source of, whatever their period."""
    q: Term | Absent = Field(None, examples=["sundhed"])
    """Only records that say all of these words, inflected or as parts of others too; "as quoted"; -without this one.
    Where no record of the list says them, whatever the other filters, the words spelt most alike count."""
    unknown: list[str] | Absent = None
    """Only records of which one of these fields is unknown: null, or an empty list; or that have no value of one of
    these filters, which a facet counts as null."""

    def present(self) -> dict[str, Any]:
        """The filters that are set, with their values."""
        own = ("id", "document", "q", "unknown")
        return {name: value for name in own if (value := getattr(self, name)) is not None} | super().present()


class ListQuery(Filters, FormatQuery):
    """What every list can be asked; a list adds its filters, and `sort` with its Sorts."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[20])] = 50
    """How many records a page has at the most."""
    cursor: Annotated[str, Field(max_length=2000)] | Absent = None
    """Where the page begins: `next` of the page before. Nothing but `limit`, `count`, `facet` and `known_at` may differ
    from it."""
    count: bool = Field(default=False, examples=[True])
    """Whether `total` is wanted; it costs a count of all that matches."""
    facet: list[str] | Absent = None
    """For which of the filters `facets` shall tell how many records each value would find, the other filters being as
    they are."""
    sort: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Every name that `sort` offers has its SQL, and the other way round."""
        super().__pydantic_init_subclass__(**kwargs)
        offered = {name.removeprefix("-") for name in get_args(cls.model_fields["sort"].annotation)}
        if offered != set(cls.sorts()):
            raise TypeError(f"{cls.__name__}.sort offers {sorted(offered)}, its Sorts are {sorted(cls.sorts())}")

    @classmethod
    def sorts(cls) -> dict[str, SQLColumnExpression[Any]]:
        """What the list can be sorted by."""
        return next(m.keys for m in cls.model_fields["sort"].metadata if isinstance(m, Sorts))


async def check_query(request: Request) -> None:
    """Refuse what would be lost in silence: bytes that are no UTF-8, and a second value where one is taken.

    What the client accepts is kept, for a list to choose its format by; a dependency of its own would cost more.
    """
    ACCEPT.set(",".join(request.headers.getlist("Accept")) or "*/*")
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError as error:
        raise BadParameters(faults=[bad_parameter("query", "The query should be UTF-8, percent-encoded")]) from error
    given = [name for name, _ in request.query_params.multi_items()]
    if len(given) == len(set(given)):
        return
    if too_many := [name for name in set(given) if given.count(name) > MOST_VALUES]:
        fault = f"This parameter takes {MOST_VALUES} values at the most"
        raise BadParameters(faults=[bad_parameter(name, fault) for name in sorted(too_many)])
    models = query_models(request)
    lists = {name for model in models for name, info in model.model_fields.items() if "list[" in str(info.annotation)}
    repeated = sorted({name for name in given if given.count(name) > 1} - lists)
    if repeated:
        raise BadParameters(faults=[bad_parameter(name, "This parameter takes one value") for name in repeated])


RecordId = Annotated[Id, Path(description="The permanent id of the record.")]
"""The id in a path."""
