"""Revisions: who wrote what, when and why."""

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BeforeValidator, Field
from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.auth import MaybeSignedIn
from app.errors import NotFound, bad_parameter
from app.insights.records import ResourceName
from app.rest.changes import ChangeRow, RevisionRow, author, viewing
from app.rest.history import Operation
from app.rest.known import Known
from app.rest.position import position_of
from app.rest.reading import Reading, Statement
from app.rest.response import Json
from app.rest.rules import wrong
from app.rest.schema import Absent, Id, Schema
from app.rest.view import json_object

router: Final = APIRouter(prefix="/v1", tags=["changes"])

MOST_CHANGES: Final = 1000
"""How many changes of a revision are told with it."""
INSTANT: Final = re.compile(r"(?!9999)[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: object) -> object:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise wrong("Input should be an instant (RFC 3339) with its offset, such as 2026-11-22T09:30:00Z")
    return value


Instant = Annotated[
    AwareDatetime, BeforeValidator(_instant), Field(json_schema_extra={"pattern": f"^{INSTANT.pattern}$"})
]
Number = Annotated[int, Field(ge=1, le=10**15)]


class RevisionQuery(Known):
    """Which revisions."""

    after: Annotated[int, Field(ge=0, le=10**15)] | Absent = Field(None, examples=[1])
    """Where the page begins: `next` of the page before, the number of its last revision."""
    limit: Annotated[int, Field(ge=1, le=1000, examples=[20])] = 100
    """How many revisions a page has at the most."""
    sort: Literal["number", "-number"] = Field("-number", examples=["number"])
    """`-number` has the newest first, `number` the oldest."""
    from_: Instant | Absent = Field(None, alias="from", examples=["2026-11-22T00:00:00Z"])
    """Only revisions of this instant or later."""
    to: Instant | Absent = Field(None, examples=["2030-01-01T00:00:00Z"])
    """Only revisions before this instant."""
    by: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")] | Absent = Field(
        None, examples=["register"]
    )
    """Only revisions of this author, as `by` has it."""
    resource: list[ResourceName] | Absent = Field(None, examples=[["municipalities"]])
    """Only revisions that wrote records of one of these resources."""
    count: bool = Field(default=False, examples=[True])
    """Whether `total` is wanted."""


class WrittenCount(Schema):
    """How many changes of a resource's records a revision has."""

    resource: ResourceName = Field(examples=["municipalities"])
    """The resource."""
    count: int = Field(examples=[98])
    """How many changes of its records."""


class RevisionItem(Schema):
    """A revision: what one committed transaction wrote."""

    number: int = Field(examples=[1])
    """Its number; they follow the order in which revisions were committed, without a gap."""
    at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When (RFC 3339, UTC); each is later than the one before."""
    by: str = Field(examples=["register"])
    """Who; to those who may not know the name, whose records they keep, or `register`."""
    organisations: list[Id] | None = Field(examples=[["region-sjaelland"]])
    """The organisations whose records its author keeps as an editor, by id; null for all others."""
    note: str | None = Field(examples=["Rettet efter byrådets møde"])
    """Why, as its author noted; null when nothing was."""
    counts: list[WrittenCount]
    """How many changes it has of which resources, the most first."""


class RevisionPage(Schema):
    """A page of revisions."""

    items: list[RevisionItem]
    """The revisions."""
    next: int | None = Field(examples=[1])
    """What to give as `after` for the next page; null on the last. The header `Link` has the whole path."""
    total: int | None = Field(examples=[1])
    """How many revisions there are on all pages; null unless asked for with `count=true`."""


class RevisionChange(Schema):
    """What a revision did to a record."""

    resource: ResourceName = Field(examples=["municipalities"])
    """The resource that the record belongs to."""
    id: Id = Field(examples=["dk-0360"])
    """Its permanent id."""
    version: int = Field(examples=[1])
    """The version that it has from then on."""
    op: Operation = Field(examples=["create"])
    """What was done."""


class Revision(RevisionItem):
    """A revision, and what it changed."""

    changes: list[RevisionChange]
    """Its changes, in their order; the first thousand where there are more."""
    href: str = Field(examples=["/v1/changes?after=0"])
    """The path of all its changes with what the records became, followed by those of later revisions."""


PRIVATE: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""Who asks decides which names are shown."""
COUNT: Final = (
    select(ChangeRow.resource, func.count().label("count"))
    .where(ChangeRow.revision == RevisionRow.id)
    .group_by(ChangeRow.resource)
    .correlate(RevisionRow)
    .subquery("counted")
)
ITEM: Final = {
    "number": RevisionRow.id,
    "at": RevisionRow.at,
    "by": author(),
    "organisations": RevisionRow.by_organisations,
    "note": RevisionRow.note,
    "counts": select(
        func.json_agg(
            aggregate_order_by(
                json_object({"resource": COUNT.c.resource, "count": COUNT.c.count}),
                COUNT.c.count.desc(),
                COUNT.c.resource,
            )
        )
    ).scalar_subquery(),
}
"""What is told of a revision."""
BEFORE: Final = f"""coalesce((
    select {position_of("c", "r")} from change c join revision r on r.id = c.revision
    where c.seq < (select min(seq) from change where change.revision = revision.id) order by c.seq desc limit 1
), '0')"""
"""The position before the first change of a revision."""


@router.get("/revisions")
async def list_revisions(
    query: Annotated[RevisionQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[RevisionPage]:
    """Who wrote when and why, the newest first, with how many changes of which resources."""
    row = await read.row(_page(query.sort, counted=query.count), {**viewing(caller), **dict(query)})
    assert row is not None, "an aggregate gives a row"
    link = {}
    if more := row["more"]:
        asked = query.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True) | {"after": more}
        link["Link"] = f'<{read.root}/v1/revisions?{urlencode(asked, doseq=True)}>; rel="next"'
    return Json(row["page"].encode(), headers=PRIVATE | link)


@router.get("/revisions/{number}")
async def get_revision(
    number: Annotated[Number, Path(description="The number of the revision.", examples=[1])],
    _: Annotated[Known, Query()],
    read: Reading,
    caller: MaybeSignedIn,
) -> Json[Revision]:
    """One revision, with what it did to which records."""
    row = await read.row(_one(read.root), {**viewing(caller), "number": number})
    if row is None:
        raise NotFound(f"There is no revision {number}.", [bad_parameter("number", "No revision has this number")])
    return Json(row["revision"].encode(), headers=PRIVATE)


@lru_cache(maxsize=4)
def _page(sort: str, *, counted: bool) -> Statement:
    last_first = sort == "-number"
    id, after = RevisionRow.id, bindparam("after", type_=BigInteger())
    limit = bindparam("limit", type_=Integer())
    begun, ended = (bindparam(name, type_=DateTime(timezone=True)) for name in ("from_", "to"))
    by, resources = bindparam("by", type_=Text()), bindparam("resource", type_=ARRAY(Text))
    wrote = exists().where(ChangeRow.revision == id, ChangeRow.resource == any_(resources))
    asked = (
        or_(begun.is_(None), RevisionRow.at >= begun),
        or_(ended.is_(None), RevisionRow.at < ended),
        or_(by.is_(None), author() == by),
        or_(resources.is_(None), wrote),
    )
    beyond = or_(after.is_(None), id < after if last_first else id > after)
    in_order = id.desc() if last_first else id
    found = select(id, json_object(ITEM).label("item"), func.row_number().over(order_by=in_order).label("n"))
    page = found.where(*asked, beyond).order_by(in_order).limit(limit + 1).subquery("page")
    shown = page.c.n <= limit
    more = case((func.count() > limit, func.max(page.c.id).filter(page.c.n == limit)))
    total = select(func.count()).select_from(RevisionRow).where(*asked).scalar_subquery() if counted else null()
    items = func.json_agg(aggregate_order_by(page.c.item, page.c.n)).filter(shown)
    whole = {"items": func.coalesce(items, func.json_build_array()), "next": more, "total": total}
    return Statement(select(cast(json_object(whole), Text).label("page"), more.label("more")))


@cache
def _one(root: str) -> Statement:
    change = ChangeRow
    first = select(change).where(change.revision == RevisionRow.id).order_by(change.seq).limit(MOST_CHANGES)
    one = first.correlate(RevisionRow).subquery("one").c
    told = json_object({"resource": one.resource, "id": one.id, "version": one.version, "op": one.op})
    changes = select(func.json_agg(aggregate_order_by(told, one.seq))).scalar_subquery()
    href = func.concat(f"{root}/v1/changes?after=", literal_column(BEFORE))
    whole = json_object({**ITEM, "changes": changes, "href": href})
    number = bindparam("number", type_=BigInteger())
    return Statement(select(cast(whole, Text).label("revision")).where(RevisionRow.id == number))
