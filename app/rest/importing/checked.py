"""The rows of files, held against their shapes, the caller's rights and what there is, while nobody waits for it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import BigInteger, bindparam, select

from app.auth import Caller, Role
from app.errors import Fault, Forbidden, InvalidBody, bad_value, body_faults
from app.rest.body import validate
from app.rest.changes import ChangeRow
from app.rest.checking import Checks
from app.rest.holding import Held, View, as_held
from app.rest.importing.files import File, Kinds, Row, rows
from app.rest.importing.found import Found, Origin
from app.rest.importing.shapes import ImportedRecord
from app.rest.importing.spool import Spool
from app.rest.importing.table import holds
from app.rest.kind import Kind
from app.rest.merging import writable
from app.rest.reading import Statement
from app.rest.revision import BATCH, Outcome
from app.rest.schema import Id, plain
from app.rest.versions import FieldChange, differences

Shown = Callable[[str, int, Iterable[Any]], Iterable[Any]]
"""What shows a person how far things are: given what they are, how many and themselves, it passes them on."""
MOST_SHOWN: Final = 100
"""Of how many records it is told what becomes of them."""
ID: Final = TypeAdapter[str](Id)
LOST: Final = (
    "Only some of its columns are here, and what the record has in the others would be lost: add {}, or give none"
)
NO_ID: Final = "Give each record its id, by which it is found again: a-z, 0-9 and hyphens, such as en-ny-plan"


class Checked:
    """What the rows of some files come to: the records that are to be written, on disk, and what is wrong."""

    def __init__(self, files: Sequence[File], kinds: Kinds, caller: Caller, shown: Shown, today: date) -> None:
        self._files, self._kinds, self._caller, self._shown, self._today = files, kinds, caller, shown, today
        alone = caller.role is Role.EDITOR and len(caller.organisations) == 1
        self._own = next(iter(caller.organisations)) if alone else None
        self._ways = ExitStack()
        self._origins: dict[str, Origin] = {}
        self.spools: dict[tuple[str, Outcome], Spool[Any]] = {}
        """The records that differ from what there is, by the names of their kinds and what becomes of them."""
        self.outcomes: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
        self.told: list[ImportedRecord] = []
        self.found = Found(files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ways.close()

    async def check(self, view: View) -> None:
        """Read and check all rows; InvalidFile tells all that is wrong with them."""
        checks = Checks(view, coming=self._origins, most=float("inf"))
        for number, file in enumerate(self._files):
            size = await asyncio.to_thread(file.size)
            taken = iter(self._shown(f"rows of {file.name}" if file.name else "rows", size, rows(file, self._kinds)))
            batch = await asyncio.to_thread(_some, taken)
            while batch:
                following = asyncio.create_task(asyncio.to_thread(_some, taken))
                try:
                    await self._check(view, number, batch, checks)
                finally:
                    batch = await following
        await self.refuse(await checks.dangling())

    async def refuse(self, faults: Iterable[Fault]) -> None:
        """Raise InvalidFile when anything is wrong, these faults of records too: they are told as of their rows."""
        by_record = defaultdict(list)
        for fault in faults:
            by_record[fault.record or ""].append(fault)
        bodies = await asyncio.to_thread(self._bodies, by_record) if by_record else {}
        for path, those in by_record.items():
            self.found.add(self._origins.get(path, Origin(0, 0)), those, bodies.get(path))
        self.found.refuse()

    def to_write(self, kind: str) -> Iterator[tuple[Outcome, Spool[Any]]]:
        """The records of a kind that are to be written, those that are new apart from the others."""
        yield from ((outcome, spool) for (name, outcome), spool in self.spools.items() if name == kind)

    def path_in(self, detail: str) -> str | None:
        """The record that the database's own words speak of, if it is one of these."""
        words = detail.replace("(", " ").replace(")", " ").replace(",", " ").split()
        return next(
            (path for word in words for kind in self.outcomes if (path := f"{kind}/{word}") in self._origins), None
        )

    async def changed(self, view: View, since: int) -> list[str]:
        """Which of the records others have written after a revision."""
        found = await view.rows(_since(), {"since": since})
        return [path for row in found if (path := f"{row['resource']}/{row['id']}") in self._origins]

    async def _check(self, view: View, file: int, batch: Sequence[Row], checks: Checks) -> None:
        """Check some rows: against what there is of them, and by threads of their own."""
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for row in batch:
            if row.kind and not row.faults and isinstance(id := row.body.get("id"), str) and "\x00" not in id:
                ids[row.kind.name].append(id)
        stored = {name: await view.stored(self._kinds[name], those) for name, those in ids.items()}
        await asyncio.to_thread(self._take, file, batch, stored, checks)
        await checks.settle()

    def _take(self, file: int, batch: Sequence[Row], stored: Mapping[str, list[Any]], checks: Checks) -> None:
        held = {name: as_held(self._kinds[name], those) for name, those in stored.items()}
        for row in batch:
            self.found.headings[file] = row.headings or self.found.headings.get(file, {})
            origin = Origin(file, row.number)
            if row.kind is None or row.faults:
                self.found.add(origin, row.faults, row.body)
            elif id := self._id(origin, row.kind, row.body):
                self._one(origin, row, row.kind, id, held[row.kind.name][id], checks)

    def _id(self, origin: Origin, kind: Kind[Any, Any], body: Mapping[str, Any]) -> str | None:
        """The id of a row, if it has one that no row before has."""
        try:
            id = ID.validate_python(body.get("id"))
        except ValidationError as error:
            faults = body_faults([{**e, "loc": ("id",)} for e in error.errors()[:1]])
            self.found.add(origin, [bad_value("/id", NO_ID)] if body.get("id") is None else faults, body)
            return None
        first = self._origins.setdefault(f"{kind.name}/{id}", origin)
        if first != origin:
            where = (
                f"row {first.row}" if first.file == origin.file else f"{self._files[first.file].name}, row {first.row}"
            )
            self.found.add(
                origin, [bad_value("/id", f"Each record should come once; this is in {where} already")], body
            )
            return None
        return id

    def _one(self, origin: Origin, row: Row, kind: Kind[Any, Any], id: str, held: Held[Any], checks: Checks) -> None:
        """Check one record; what it says of some fields alone, it leaves the others as they are."""
        body: Mapping[str, Any] = row.body
        said = {name: value for name, value in body.items() if name != "id"}
        if held.version and held.data is None:
            self.found.add(origin, [bad_value("/id", "This was deleted, and can only be restored")], body)
            return
        if held.data is not None and kind.data.model_fields.keys() - said.keys():
            said = {**writable(held.data), **said}
        if lost := list(_lost(row, writable(held.data))) if held.data is not None and row.partly else []:
            self.found.add(origin, lost, body)
            return
        try:
            data = validate(kind.data, said, self._today)
        except InvalidBody as error:
            self.found.add(origin, error.faults, body)
            return
        if held.data is None and data.owner is None and self._own:
            data = data.model_copy(update={"owner": self._own})
        for owner in dict.fromkeys([held.data.owner if held.data else data.owner, data.owner]):
            try:
                self._caller.check_may_write(owner)
            except Forbidden as error:
                self.found.add(origin, [bad_value("/owner", str(error))], body, rights=True)
                return
        kept = held.kept(data)
        if kept == held.data:
            self.outcomes[kind.name]["unchanged"] += 1
            return
        self._keep(kind, id, kept, held)
        if len(self.told) < MOST_SHOWN:
            self._tell(f"{kind.name}/{id}", origin.row, held, data, kept)
        checks.whole(kind, id, kept)

    def _keep(self, kind: Kind[Any, Any], id: str, data: Any, held: Held[Any]) -> None:
        """Keep a record that differs, to be written."""
        outcome: Outcome = "replaced" if held.data else "created"
        self.outcomes[kind.name][outcome] += 1
        if (spool := self.spools.get((kind.name, outcome))) is None:
            spool = self.spools[kind.name, outcome] = self._ways.enter_context(Spool(kind))
        spool.add(id, data)

    def _tell(self, path: str, row: int, held: Held[Any], said: Any, kept: Any) -> None:
        """Tell what becomes different of a record: what it was as that is told, and what is said."""
        other = {of for of in type(kept).model_fields if not held.data or getattr(held.data, of) != getattr(kept, of)}
        old, new = (of and to_jsonable_python(plain(of.model_dump(include=other))) for of in (held.told, said))
        changes = [FieldChange(pointer=p, before=b, after=a) for p, b, a in differences(old, new)]
        op = "replace" if held.data else "create"
        self.told.append(ImportedRecord(record=path, row=row, operation=op, changes=changes))

    def _bodies(self, paths: Iterable[str]) -> dict[str, Any]:
        """What is to be written of some records."""
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for path in paths:
            ids[path.rpartition("/")[0]].add(path.rpartition("/")[2])
        return {
            f"{name}/{id}": data.model_dump(mode="json")
            for (name, _), spool in self.spools.items()
            if name in ids
            for id, data in spool.records(ids[name])
        }


def _lost(row: Row, stored: Mapping[str, Any]) -> Iterator[Fault]:
    """A fault for each field of which a row has some columns, and the record something in the others."""
    for field, columns in row.partly.items():
        if names := [column.name for column in columns if holds(stored, column.path)]:
            yield bad_value(f"/{field}", LOST.format(", ".join(names)))


def _some(taken: Iterator[Row]) -> list[Row]:
    return list(islice(taken, BATCH))


@lru_cache(maxsize=1)
def _since() -> Statement:
    since = bindparam("since", type_=BigInteger())
    return Statement(select(ChangeRow.resource, ChangeRow.id).where(ChangeRow.revision > since).distinct())
