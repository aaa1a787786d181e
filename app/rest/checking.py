"""What is checked before a revision is committed: that whoever is named exists, and that nothing comes before itself.

A revision is checked as a whole, for its records may name each other in any order. Names that lead to a record are
forgotten on the way, so that a revision of any size is checked in bounded memory.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import BindParameter, Column, FromClause, Select, Text, any_, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Fault, InvalidBody, bad_value
from app.rest.changes import ChangeRow
from app.rest.rows import Row, cells_of
from app.rest.schema import RecordData, RecordPath, Schema
from app.rest.sources import dangling

MOST_PENDING: Final = 10_000
"""How many names wait at the least before it is looked up whether they lead to a record."""
MOST_FAULTS: Final = 1000
"""How many faults are told at the most."""


class Place(NamedTuple):
    """Where something stands: a record, by its path below /v1, and a JSON pointer into it."""

    record: str
    pointer: str


Named = defaultdict[str, list[Place]]
"""Where each of several records is named."""


class Checks:
    """The checks of one revision."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._faults: list[Fault] = []
        self._ids: defaultdict[Column[Any], Named] = defaultdict(lambda: defaultdict(list))
        self._paths: Named = defaultdict(list)
        self._waiting, self._due = 0, MOST_PENDING
        self._linked: defaultdict[Column[Any], list[str]] = defaultdict(list)

    def record(self, path: str, data: RecordData[Any], row: Row, table: FromClause) -> None:
        """Note what is to be checked of a record that is written; its parts are noted one by one."""
        self._faults += dangling(data, path)
        self.names(Place(path, ""), data, row, table)

    def names(self, place: Place, data: Schema, row: Row, table: FromClause) -> None:
        """Note whom a record or a part names."""
        for cell in cells_of(type(data), table):
            if cell.target is not None and (id := row[cell.column]) is not None:
                self._ids[cell.target][id].append(Place(place.record, f"{place.pointer}/{cell.field}"))
                self._waiting += 1
                column = cast("Column[Any]", table.c[cell.column])
                if cell.target.table is table or column.info.get("before"):
                    self._linked[column].append(place.record)
        for name in _path_fields(type(data)):
            for n, path in enumerate(getattr(data, name)):
                self._paths[path].append(Place(place.record, f"{place.pointer}/{name}/{n}"))
                self._waiting += 1

    async def settle(self) -> None:
        """Forget the names that lead to a record, once many wait; the others may still be written."""
        if self._waiting > self._due:
            await self._look_up()
        if len(self._faults) > MOST_FAULTS:
            raise InvalidBody(faults=self._faults[:MOST_FAULTS])

    async def finish(self) -> None:
        """Raise InvalidBody when anything is wrong, with all that is."""
        await self._look_up()
        faults = self._faults
        for target, named in self._ids.items():
            faults += _missing(named, f"{target.table.name} records")
        faults += _missing(self._paths, "records")
        for column, paths in self._linked.items():
            faults += await self._circles(column, paths)
        if faults:
            raise InvalidBody(faults=faults[:MOST_FAULTS])

    async def _look_up(self) -> None:
        for target, named in self._ids.items():
            id = func.unnest(_texts(named)).column_valued("given")
            await self._forget(named, select(id).where(exists().where(target == id)))
        if self._paths:
            halves = zip(*(path.rpartition("/")[::2] for path in self._paths), strict=True)
            given = func.unnest(*map(_texts, halves)).table_valued("resource", "id").render_derived()
            # the change log knows every record that there is, of whatever resource
            known = exists().where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
            await self._forget(self._paths, select(given.c.resource + "/" + given.c.id).where(known))
        self._waiting = sum(len(places) for named in (*self._ids.values(), self._paths) for places in named.values())
        self._due = max(MOST_PENDING, 2 * self._waiting)

    async def _forget(self, named: Named, known: Select[Any]) -> None:
        for name in await self._connection.scalars(known):
            del named[name]

    async def _circles(self, column: Column[Any], paths: list[str]) -> list[Fault]:
        """A fault for each record of a circle in which each comes before the next by way of a column."""
        written = {path.rpartition("/")[2]: path for path in paths}
        id = column.table.c["record_id" if "record_id" in column.table.c else "id"]
        linked = select(id.label("id"), column.label("before")).where(column.is_not(None))
        way = linked.where(id == any_(_texts(written))).cte(recursive=True)
        way = way.union(linked.join(way, id == way.c.before))
        order: TopologicalSorter[str] = TopologicalSorter()
        for row in await self._connection.execute(select(way)):
            order.add(row.id, row.before)
        try:
            order.prepare()
        except CycleError as error:
            circle, name = error.args[1], column.name.removesuffix("_id")
            return [
                bad_value(f"/{name}", f"{id} would come before itself by way of {name}", written[id])
                for id in dict.fromkeys(circle)
                if id in written
            ]
        return []


def _missing(named: Named, among: str) -> list[Fault]:
    return [
        bad_value(place.pointer, f"There is no {name} among the {among}", place.record)
        for name, places in named.items()
        for place in places
    ]


def _texts(values: Iterable[str]) -> BindParameter[Any]:
    return bindparam(None, list(values), type_=ARRAY(Text))


@lru_cache(maxsize=1000)
def _path_fields(shape: type[Schema]) -> list[str]:
    return [name for name, info in shape.model_fields.items() if info.annotation == list[RecordPath]]
