"""Facets: how many of the records that a list is asked for have which value."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    SelectBase,
    Text,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by

from app.rest.links import Matching
from app.rest.query import Where
from app.rest.view import json_object

MOST: int = 100
"""How many values of a facet are listed, the most frequent first."""


def counted(where: Where, matching: Matching, id: ColumnElement[str]) -> ScalarSelect[Any]:
    """The facet of a filter, over the records that match all the others."""
    counts = _counts(where, matching, id).subquery()
    groups = select(counts.c.value, func.sum(counts.c.number).label("count")).group_by(counts.c.value).cte()
    place = func.row_number().over(order_by=(groups.c.count.desc(), groups.c.value))
    ranked = select(groups, place.label("place")).subquery()
    value = json_object({"value": ranked.c.value, "name": _name(where, ranked.c.value), "count": ranked.c.count})
    listed = func.json_agg(aggregate_order_by(value, ranked.c.place), type_=JSON())
    return select(
        json_object(
            {
                "values": func.coalesce(
                    listed.filter(ranked.c.place <= MOST), literal_column("'[]'::json"), type_=JSON()
                ),
                "others": func.count().filter(ranked.c.place > MOST),
            }
        )
    ).scalar_subquery()


def _counts(where: Where, matching: Matching, id: ColumnElement[str]) -> SelectBase:
    """How many records have each value, in one row or several; the value is null for those that have none."""
    (first, *more) = where.links
    if (first.id is None or first.id is id) and not more:
        return matching.counts(cast(first.key, Text).label("value"))
    pairs = union_all(*(link.pairs() for link in where.links)) if more else first.pairs()
    had, records = pairs.subquery(), matching.of(id.label("id")).subquery()
    has = (had.c.id == records.c.id) & had.c.value.is_not(None)
    found = select(records.c.id, had.c.value).select_from(records.outerjoin(had, has)).distinct().subquery()
    return select(found.c.value, func.count().label("number")).group_by(found.c.value)


def _name(where: Where, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """What a record of this id is called."""
    names = []
    for target in where.targets:
        table = target.table.alias()
        name = next((table.c[column] for column in ("name", "title") if column in table.c), None)
        if name is not None:
            names.append(select(name).where(table.c.id == value).scalar_subquery())
    return func.coalesce(*names) if names else null()


def facets(wanted: Mapping[str, ScalarSelect[Any]]) -> ColumnElement[Any]:
    """All facets that were asked for, as an object; null when none was."""
    return cast(json_object(wanted), Text) if wanted else null()
