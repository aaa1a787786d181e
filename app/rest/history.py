"""The history of a record: who wrote it when and why, and what became different."""

import json
from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Integer, Text, bindparam, case, cast, func, literal, select
from typing_extensions import TypeAliasType

from app.auth import Caller
from app.errors import MOST_FAULTS, Fault, bad_value
from app.rest.changes import ChangeRow, RevisionRow, author, viewing
from app.rest.kind import Kind
from app.rest.known import Known
from app.rest.missing import missing
from app.rest.reading import Reader, Statement
from app.rest.response import Json, spelt
from app.rest.revision import Revision
from app.rest.schema import Absent, Schema
from app.rest.versions import FieldChange, Version, differences

Operation = TypeAliasType(
    "Operation",
    Annotated[
        Literal["create", "replace", "delete", "restore", "erase"],
        Field(
            description="""- `create`: there was none before
- `replace`: it was written anew, in whole or in part
- `delete`: it was deleted
- `restore`: it was deleted, and was made again what it had been
- `erase`: a person's details were taken out of this and all earlier versions; whoever keeps copies of them discards
  these, or asks for them again"""
        ),
    ],
)


class HistoryQuery(Known):
    """Which part of a history."""

    limit: Annotated[int, Field(ge=1, le=100, examples=[20])] = 20
    """How many versions a page has at the most."""
    before: Version | Absent = Field(None, examples=[2])
    """Only versions before this one: `next` of the page before."""


class HistoryItem(Schema):
    """A version of a record: what was done, and what became different."""

    version: int = Field(examples=[2])
    """The version that the record had from then on."""
    revision: int = Field(examples=[17])
    """The revision in which it was written, perhaps together with other records."""
    at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When (RFC 3339, UTC)."""
    by: str = Field(examples=["key:brn_0a1b2c3d Region Sjælland"])
    """Who; to those who may not know the name, whose records they keep, or `register`."""
    operation: Operation = Field(examples=["replace"])
    """What was done."""
    note: str | None = Field(examples=["Rettet efter byrådets møde"])
    """Why, as its author noted; null when nothing was."""
    changes: list[FieldChange]
    """The fields that became different; of a record that was created, deleted or restored, the whole one (`""`)."""


class History(Schema):
    """A page of a record's history, the newest version first."""

    items: list[HistoryItem]
    """The versions."""
    next: int | None = Field(examples=[3])
    """What to give as `before` for the next page; null on the last."""


async def history(
    read: Reader, kind: Kind[Any, Any], id: str, query: HistoryQuery, caller: Caller | None
) -> Json[History]:
    """A page of a record's history, also of one that has been deleted."""
    asked = {"resource": kind.name, "id": id, "before": query.before, "limit": query.limit + 1, **viewing(caller)}
    row = await read.row(_history(), asked)
    assert row is not None, "an aggregate gives a row"
    if not row["known"]:
        raise await missing(read, kind, id)
    body, more = await to_thread(_told, row["versions"], query.limit)
    link = (
        {"Link": f'<{read.root}{kind.path}/{id}/history?limit={query.limit}&before={more}>; rel="next"'} if more else {}
    )
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization", **link}
    return Json(body, headers=headers)


def _told(versions: str, limit: int) -> tuple[bytes, int | None]:
    """A page of versions, with what became different, and the last of them where there are more."""
    found = json.loads(versions, parse_float=Decimal)
    items = [_entry(of, before) for of, before in _pairs(found[:limit], found)]
    more = items[-1].version if len(found) > limit else None
    return spelt(History(items=items, next=more).model_dump()).encode(), more


async def changes_since(revision: Revision, kind: Kind[Any, Any], id: str, version: int, caller: Caller) -> list[Fault]:
    """Who changed which fields after a version of a record."""
    row = await revision.row(
        _history(), {"resource": kind.name, "id": id, "before": None, "limit": 100, **viewing(caller)}
    )
    assert row is not None, "an aggregate gives a row"
    return await to_thread(_changed, row["versions"], version)


def _changed(versions: str, version: int) -> list[Fault]:
    found = json.loads(versions)
    entries = (_entry(of, before) for of, before in _pairs(found, found) if of["version"] > version)
    faults = (
        bad_value(change.pointer, f"Changed in version {e.version}, at {e.at:%Y-%m-%dT%H:%M:%SZ}, by {e.by}")
        for e in entries
        for change in e.changes
    )
    return list(islice(faults, MOST_FAULTS))


def _pairs(versions: Sequence[Any], found: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Each version with the one before it."""
    for n, version in enumerate(versions):
        yield version, found[n + 1] if n + 1 < len(found) else None


def _entry(version: Mapping[str, Any], before: Mapping[str, Any] | None) -> HistoryItem:
    changes = differences(before and before["value"], version["value"])
    return HistoryItem(
        version=version["version"],
        revision=version["revision"],
        at=version["at"],
        by=version["by"],
        operation=version["op"],
        note=version["note"],
        changes=[FieldChange(pointer=p, before=old, after=new) for p, old, new in changes],
    )


@lru_cache(maxsize=1)
def _history() -> Statement:
    """The versions of a record as a JSON array, the newest first, and whether there are any at all."""
    this = (ChangeRow.resource == bindparam("resource", type_=Text()), ChangeRow.id == bindparam("id", type_=Text()))
    before = bindparam("before", type_=Integer())
    versions = (
        select(
            ChangeRow.version,
            ChangeRow.revision,
            RevisionRow.at,
            author().label("by"),
            ChangeRow.op,
            RevisionRow.note,
            func.published(ChangeRow.id, ChangeRow.revision, ChangeRow.value).label("value"),
        )
        .join(RevisionRow, RevisionRow.id == ChangeRow.revision)
        .where(*this, case((before.is_(None), literal(True)), else_=ChangeRow.version < before))  # noqa: FBT003
        .order_by(ChangeRow.version.desc())
        .limit(bindparam("limit", type_=Integer()))
        .subquery("one")
    )
    whole = func.json_agg(func.row_to_json(versions.table_valued()))
    known = select(ChangeRow.id).where(*this).exists()
    return Statement(select(func.coalesce(cast(whole, Text), "[]").label("versions"), known.label("known")))
