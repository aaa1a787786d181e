"""Who refers to a record: what stands in the way of deleting it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, Text, bindparam, cast, literal_column, select, union_all

from app.db import Base, target_of
from app.errors import Conflict, Fault, bad_value
from app.rest.kind import Kind
from app.rest.reading import Statement
from app.rest.revision import Revision

MOST_NAMED: Final = 100
"""How many places that refer to a record are named at the most."""


async def refuse_referred(revision: Revision, kind: Kind[Any, Any], id: str) -> None:
    """Conflict, with the places that refer to a record, when other records do."""
    statement = _referring(kind)
    found = await revision.rows(statement, {"id": id, "path": f"{kind.name}/{id}"}) if statement else []
    places = [_place(kind, row["path"], row["pointer"], id) for row in found]
    if places:
        more = " and others" if len(places) > MOST_NAMED else ""
        paths = dict.fromkeys(str(fault.record) for fault in places[:MOST_NAMED])
        named = ", ".join(f"/v1/{path}" for path in paths)
        raise Conflict(f"{id} cannot be deleted while others refer to it: {named}{more}.", places[:MOST_NAMED])


def _place(kind: Kind[Any, Any], record: str, pointer: str, id: str) -> Fault:
    return bad_value(pointer, f"This refers to {id} of the {kind.name}; let it refer to another, or to none", record)


@lru_cache(maxsize=100)
def _referring(kind: Kind[Any, Any]) -> Statement | None:
    """The places in other records that refer to the one of the `id`, whose `path` is given; None when none can."""
    every = list(_places(kind))
    if not every:
        return None
    places = union_all(*every).subquery("place")
    others = select(places.c.path, places.c.pointer).where(places.c.path != bindparam("path", type_=Text()))
    return Statement(others.order_by(places.c.path, places.c.pointer).limit(MOST_NAMED + 1))


def _places(kind: Kind[Any, Any]) -> Iterator[Select[str, str]]:
    id = bindparam("id", type_=Text())
    for other in Kind.every.values():
        for column in other.table.c:
            if target_of(column) is kind.table.c.id:
                path, pointer = literal_column(f"'{other.name}/'", Text()) + other.table.c.id, f"'/{_field(column)}'"
                yield select(path.label("path"), literal_column(pointer, Text()).label("pointer")).where(column == id)
        for name, part in other.parts.items():
            table = Base.metadata.tables[part.__tablename__]
            shared = [table.c[shared] == value for shared, value in other.shares(part).items()]
            for column in table.c:
                if target_of(column) is kind.table.c.id and column.name != "record_id":
                    path = literal_column(f"'{other.name}/'", Text()) + table.c.record_id
                    place = literal_column(f"'/{name}/'", Text()) + cast(table.c.position, Text)
                    pointer_in = place + literal_column(f"'/{_field(column)}'", Text())
                    found = select(path.label("path"), pointer_in.label("pointer"))
                    yield found.where(column == id, *shared)


def _field(column: Any) -> str:
    return str(column.name).removesuffix("_id")
