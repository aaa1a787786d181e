"""Gaps: what it is for each field of a record that may be unknown to be so, and for a filter to have no value."""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final, get_args, get_origin

from sqlalchemy import ColumnElement, Text, and_, any_, cast, exists, func, literal_column
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import RecordRow, table_of
from app.rest.links import Condition, Link
from app.rest.schema import Schema
from app.rest.sources import OwnSource
from app.rest.view import Computed, Parts, kind_of

NOTHING: Final = literal_column("array['', '{}', '[]']", ARRAY(Text))
"""What a field that is unknown looks like as text: null, an empty array, an empty list."""


def may_lack(shape: type[Schema]) -> list[str]:
    """The fields that may be null, or an empty list."""
    annotations = {name: info.annotation for name, info in shape.model_fields.items()}
    return [name for name, a in annotations.items() if NoneType in get_args(a) or get_origin(a) is list]


def gaps(
    resource: str, shape: type[Schema], row: type[RecordRow], parts: Parts, computed: Computed
) -> Mapping[str, Condition]:
    """For each field that may be unknown, the condition that it is."""
    table = table_of(row)

    def lacks(name: str) -> Condition:
        if name == "sources":
            return ~exists().where(OwnSource.resource == resource, OwnSource.record_id == row.id)
        if name in parts:
            return ~exists().where(parts[name].record_id == row.id)
        value: Any = computed.get(name)
        if value is None:
            kind = kind_of(shape.model_fields[name].annotation)
            spread = [f"{name}_{inner}" for inner in getattr(kind, "model_fields", ())]
            value = next(table.c[column] for column in (name, f"{name}_id", *spread) if column in table.c)
        return func.coalesce(cast(value, Text), "") == any_(NOTHING)

    return {name: lacks(name) for name in may_lack(shape)}


def without(links: Sequence[Link], id: ColumnElement[Any]) -> Condition:
    """That a record has no value by any of some links."""

    def lacks(link: Link) -> Condition:
        if link.id is None or link.id is id:
            return link.key.is_(None)
        had = link.pairs().subquery()
        return ~exists().where(had.c.id == id, had.c.value.is_not(None))

    return and_(*map(lacks, links))
