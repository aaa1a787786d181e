"""Keyset pages: the statement that makes one, and the cursor that leads to the next.

A page goes on after the sort key and the id of the last record of the page before, so that nothing is repeated or
skipped while records come and go. The cursor pins the question and the day, and is opaque to clients.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    tuple_,
)

from app.errors import BadParameters, bad_parameter
from app.rest.export.formats import MOST_RECORDS
from app.rest.query import ListQuery, Question, stored_column
from app.rest.schema import Day

LIMIT: Final = bindparam("limit", type_=Integer())
FIRST_AND_LAST: Final[dict[type, tuple[str, str]]] = {
    int: ("-2147483648", "2147483647"),
    str: ("''", "'\U0010ffff'"),
    date: ("date '0001-01-02'", "date '9999-12-30'"),  # the very first and last mean infinity to the driver
    Decimal: ("-9999999999999.99", "9999999999999.99"),
}
"""The least and the greatest value of each type, to sort what has none last in either direction: as SQL, and not as
parameters, for the indexes that pages are read by have the same."""

KEYS: Final[dict[type, Any]] = {
    int: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)],
    str: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")],
    date: date,
    Decimal: Annotated[Decimal, Field(max_digits=19, decimal_places=6)],
}
"""What a sort key in a cursor can be: whatever the database would take, so that a forged one is a 400."""


class Cursor(NamedTuple):
    """The place after which a page begins."""

    question: str
    as_of: date
    key: Any
    id: str

    def __str__(self) -> str:
        """The cursor as clients see it."""
        text = json.dumps([self.question, str(self.as_of), self.key, self.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str | None, query: Question, kind: type) -> Self | None:
        """The cursor that a token stands for; BadParameters when it is none, or belongs to another question.

        `kind` is the type of the key by which the pages are sorted.
        """
        if token is None:
            return None
        try:
            padded = token + "=" * (-len(token) % 4)
            asked, *place = json.loads(base64.b64decode(padded, b"-_", validate=True), parse_float=str)
            types = (Day, KEYS[kind], KEYS[str])
            cursor = cls(asked, *(TypeAdapter(t).validate_python(v) for t, v in zip(types, place, strict=True)))
        except (ValueError, TypeError, ValidationError, RecursionError) as error:
            fault = bad_parameter("cursor", "This is no cursor; give `next` of the page before, or leave it out")
            raise BadParameters(faults=[fault]) from error
        if cursor.question != question(query) or query.as_of not in (None, cursor.as_of):
            says = "This belongs to another question; nothing but `limit`, `count`, `facet` and `known_at` may differ"
            raise BadParameters(faults=[bad_parameter("cursor", says)])
        return cursor


def question(query: Question) -> str:
    """A short name for what a query asks, whatever the page, the day, which the cursor has, and what is known."""
    asked = query.model_dump(exclude={"as_of", "known_at", "cursor", "limit", "count", "facet"})
    return hashlib.blake2b(repr([type(query).__name__, asked]).encode(), digest_size=9).hexdigest()


def following(path: str, query: Question, as_of: date, more: str | None) -> tuple[str, dict[str, str]]:
    """What an answer says of the page after it, from a page's `more`: its `next`, as JSON, and its headers."""
    if more is None:
        return "null", {}
    token = str(Cursor(question(query), as_of, *json.loads(more, parse_float=str)))
    return f'"{token}"', {"Link": f'<{path}?{query.url(cursor=token)}>; rel="next"'}


def sort_key(query_type: type[ListQuery], sort: str) -> ColumnElement[Any]:
    """The SQL that a list is sorted by; what has no value comes last, in either direction."""
    key = stored_column(query_type.sorts()[sort.removeprefix("-")])
    if isinstance(key, Column) and not key.nullable:
        return key
    first, last = FIRST_AND_LAST[key.type.python_type]
    return func.coalesce(key, literal_column(first if sort.startswith("-") else last, key.type), type_=key.type)


def page_of(
    records: Select[Any], item: ColumnElement[Any], id: ColumnElement[str], key: ColumnElement[Any], *, last_first: bool
) -> Select[Any]:
    """One page of `records`: `items`, its records as text, separated by commas; and `more`, when there are more.

    `more` is the key and the id of the last record, as JSON. The page is sorted by the key, then by the id.
    """
    place = func.json_build_array(key, id)
    found = first_of(
        records.with_only_columns(item.label("item"), place.label("place")), id, key, last_first=last_first
    )
    page = select(found.subquery("found"), func.row_number().over().label("n")).subquery("page")
    items = func.string_agg(cast(page.c.item, Text), ",").filter(page.c.n <= LIMIT)
    more = case((func.count() > LIMIT, func.max(cast(page.c.place, Text)).filter(page.c.n == LIMIT)))
    return select(func.coalesce(items, "").label("items"), more.label("more")).select_from(page)


def all_of(
    records: Select[Any],
    item: ColumnElement[Any],
    id: ColumnElement[str],
    key: ColumnElement[Any],
    *,
    last_first: bool,
    counted: bool,
) -> Select[Any]:
    """All of `records` in their order, a row each: its `item` as text; and `total`, where they are counted.

    They are counted no further than the most that an XLSX holds, and one.
    """
    some = records.with_only_columns(literal_column("1")).limit(MOST_RECORDS + 1).subquery()
    total = select(func.count()).select_from(some).scalar_subquery() if counted else null()
    rows = records.with_only_columns(cast(item, Text).label("item"), total.label("total"))
    rows = rows.order_by(*order(id, key, last_first=last_first))
    return rows.limit(literal_column("all"))  # has the JSON made after the sort, not sorted with the rows


def first_of(
    records: Select[Any], id: ColumnElement[str], key: ColumnElement[Any], *, last_first: bool, most: Any = LIMIT + 1
) -> Select[Any]:
    """The first of `records` in the order of a list: a page, and one more, which tells that there are more."""
    return records.order_by(*order(id, key, last_first=last_first)).limit(most)


def order(id: ColumnElement[str], key: ColumnElement[Any], *, last_first: bool) -> Sequence[ColumnElement[Any]]:
    """The order of a list: by the key, then by the id."""
    return (key.desc(), id.desc()) if last_first else (key, id)


def beyond(id: ColumnElement[str], key: ColumnElement[Any], *, last_first: bool) -> ColumnElement[bool]:
    """That a record comes after the place of a cursor."""
    place = tuple_(key, id)
    cursor = tuple_(bindparam("after_key", type_=key.type), bindparam("after_id", type_=Text()))
    return place < cursor if last_first else place > cursor
