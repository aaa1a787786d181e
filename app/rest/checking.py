"""What is checked before a revision is committed: that whoever is named exists, and that nothing comes before itself.

A revision is checked as a whole, for its records may name each other in any order. Names that lead to a record are
forgotten on the way, so that a revision of any size is checked in bounded memory.
"""

from collections import defaultdict
from collections.abc import Container, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, NamedTuple, Protocol, cast

from sqlalchemy import BindParameter, Column, FromClause, Text, any_, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import table_of
from app.errors import Fault, InvalidBody, bad_value
from app.rest.changes import ChangeRow
from app.rest.kind import Kind
from app.rest.missing import Absences, absence, alike
from app.rest.reading import Asked, Statement
from app.rest.rows import Row, cells, cells_of
from app.rest.schema import RecordData, RecordPath, Schema
from app.rest.sources import dangling

MOST_PENDING: Final = 10_000
"""How many names wait at the least before it is looked up whether they lead to a record."""
MOST_FAULTS: Final = 1000
"""How many faults are told at the most."""
MOST_WITH_NEAR: Final = 3
"""For how many unknown ids of a kind near ones are looked for, while other writers wait."""


class Place(NamedTuple):
    """Where something stands: a record, by its path below /v1, and a JSON pointer into it."""

    record: str
    pointer: str


Named = defaultdict[str, list[Place]]
"""Where each of several records is named."""


class Rows(Asked, Protocol):
    """What answers statements: the revision that is checked."""

    async def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        """The rows that a statement gives."""


class Checks:
    """The checks of one revision, or of what may become one.

    Names of records that are `coming` lead to them; no more faults than `most` are gathered on the way.
    """

    def __init__(self, revision: Rows, coming: Container[str] = (), most: float = MOST_FAULTS) -> None:
        self._revision, self._coming, self._most = revision, coming, most
        self._faults: list[Fault] = []
        self._ids: defaultdict[Column[Any], Named] = defaultdict(lambda: defaultdict(list))
        self._paths: Named = defaultdict(list)
        self._waiting, self._due = 0, MOST_PENDING
        self._linked: defaultdict[Column[Any], list[str]] = defaultdict(list)

    def record(self, path: str, data: RecordData[Any], row: Row, table: FromClause, before: Row) -> None:
        """Note what is to be checked of a record that is written; its parts are noted one by one."""
        self._faults += dangling(data, path)
        self.names(Place(path, ""), data, row, table, before)

    def whole(self, kind: Kind[Any, Any], id: str, data: RecordData[Any]) -> None:
        """Note what is to be checked of a record and of its parts."""
        path = f"{kind.name}/{id}"
        self.record(path, data, cells(data, kind.table), kind.table, {})
        for name, part in kind.parts.items():
            table = table_of(part)
            for n, item in enumerate(getattr(data, name)):
                self.names(Place(path, f"/{name}/{n}"), item, cells(item, table), table)

    def names(self, place: Place, data: Schema, row: Row, table: FromClause, before: Row | None = None) -> None:
        """Note whom a record or a part names that it did not name before."""
        for cell in cells_of(type(data), table):
            id = row[cell.column]
            if cell.target is not None and id is not None and id != (before or {}).get(cell.column):
                self._ids[cell.target][id].append(Place(place.record, f"{place.pointer}/{cell.field}"))
                self._waiting += 1
                column = cast("Column[Any]", table.c[cell.column])
                if (cell.target.table is table and cell.field != "owner") or column.info.get("before"):
                    self._linked[column].append(place.record)
        for name in _path_fields(type(data)):
            for n, path in enumerate(getattr(data, name)):
                self._paths[path].append(Place(place.record, f"{place.pointer}/{name}/{n}"))
                self._waiting += 1

    async def settle(self) -> None:
        """Forget the names that lead to a record, once many wait; the others may still be written."""
        if self._waiting > self._due:
            await self._look_up()
        if len(self._faults) > self._most:
            raise InvalidBody(faults=self._faults[:MOST_FAULTS])

    async def finish(self) -> None:
        """Raise InvalidBody when anything is wrong, with all that is."""
        faults = await self.dangling()
        for column, paths in self._linked.items():
            faults += await self._circles(column, paths)
        if faults:
            raise InvalidBody(faults=faults[:MOST_FAULTS])

    async def dangling(self) -> list[Fault]:
        """A fault for each name that leads to no record, and each pointer that leads nowhere."""
        await self._look_up()
        faults = self._faults
        for target, named in self._ids.items():
            if named:
                said = await absence(self._revision, [Kind.every[target.table.name].name], list(named))
                unlike = [id for id, (_, instead) in said.items() if not instead][:MOST_WITH_NEAR]
                near = await alike(self._revision, target.table, unlike)
                told = {id: (says, instead or near.get(id, [])) for id, (says, instead) in said.items()}
                faults += _missing(named, told)
        paths: Absences = {path: (f"There is no {path} among the records", []) for path in self._paths}
        return [*faults, *_missing(self._paths, paths)]

    async def _look_up(self) -> None:
        for target, named in self._ids.items():
            kind = Kind.every[target.table.name]
            for id in [id for id in named if f"{kind.name}/{id}" in self._coming]:
                del named[id]
            for row in await self._revision.rows(_known(target), {"ids": list(named)}) if named else ():
                del named[row["id"]]
        for path in [path for path in self._paths if path in self._coming]:
            del self._paths[path]
        if self._paths:
            resources, ids = zip(*(path.rpartition("/")[::2] for path in self._paths), strict=True)
            for row in await self._revision.rows(_known_paths(), {"resources": list(resources), "ids": list(ids)}):
                del self._paths[row["path"]]
        self._waiting = sum(len(places) for named in (*self._ids.values(), self._paths) for places in named.values())
        self._due = max(MOST_PENDING, 2 * self._waiting)

    async def _circles(self, column: Column[Any], paths: list[str]) -> list[Fault]:
        """A fault for each record of a circle in which each comes before the next by way of a column."""
        written = {path.rpartition("/")[2]: path for path in paths}
        order: TopologicalSorter[str] = TopologicalSorter()
        for row in await self._revision.rows(_way(column), {"ids": list(written)}):
            order.add(row["id"], row["before"])
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


def _missing(named: Named, absences: Absences) -> list[Fault]:
    return [
        bad_value(place.pointer, says, place.record, near)
        for name, (says, near) in absences.items()
        for place in named[name]
    ]


def _texts(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=ARRAY(Text))


@lru_cache(maxsize=1000)
def _known(target: Column[Any]) -> Statement:
    """Which of the ids there are."""
    id = func.unnest(_texts("ids")).column_valued("given")
    return Statement(select(id.label("id")).where(exists().where(target == id)))


@lru_cache(maxsize=1)
def _known_paths() -> Statement:
    """Which of the records there are, or were: the change log knows them all, of whatever resource."""
    given = func.unnest(_texts("resources"), _texts("ids")).table_valued("resource", "id").render_derived()
    known = exists().where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
    return Statement(select((given.c.resource + "/" + given.c.id).label("path")).where(known))


@lru_cache(maxsize=100)
def _way(column: Column[Any]) -> Statement:
    """What comes before each of the ids by way of a column, and what before that."""
    id = column.table.c["record_id" if "record_id" in column.table.c else "id"]
    linked = select(id.label("id"), column.label("before")).where(column.is_not(None))
    way = linked.where(id == any_(_texts("ids"))).cte(recursive=True)
    return Statement(select(way.union(linked.join(way, id == way.c.before))))


@lru_cache(maxsize=1000)
def _path_fields(shape: type[Schema]) -> list[str]:
    return [name for name, info in shape.model_fields.items() if info.annotation == list[RecordPath]]
