"""Regions: they run hospitals and pay general practice."""

from datetime import date
from typing import Annotated, Any, ClassVar, Generic, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import ScalarSelect
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Mapped
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import RecordRow, danish_order
from app.resources.area_changes import AreaAfterRow, AreaBeforeRow, AreaChangeKind, AreaChangeRow, ChangedAreaRow
from app.rest.dates import Period
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.query import ListQuery, Moment, RecordId, Sorts, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Page, R, Record, RecordData, Ref, Schema, Term, Text
from app.rest.sent import Sent
from app.rest.view import current, many

Country = TypeAliasType(
    "Country",
    Annotated[
        Literal["DK", "SE"],
        Field(
            description="""- `DK`: Denmark
- `SE`: Sweden"""
        ),
    ],
)


class RegionRow(RecordRow):
    __tablename__ = "region"

    country: Mapped[str]
    code: Mapped[str | None]
    code_system: Mapped[str | None]
    nuts2: Mapped[str | None]
    nuts_year: Mapped[int | None]
    name: Mapped[str]
    names_da: Mapped[str | None]
    names_sv: Mapped[str | None]
    names_en: Mapped[str | None]
    seat: Mapped[str | None]
    period: Mapped[Range[date]]
    sort_name: Mapped[str] = danish_order("name")


class Names(Schema):
    """What an area is called in each language."""

    da: Text | None = Field(examples=["Region Sjælland"])
    """In Danish; null when unknown."""
    sv: Text | None = Field(examples=["Region Själland"])
    """In Swedish; null when unknown."""
    en: Text | None = Field(examples=["Region Zealand"])
    """In English; null when unknown."""


class Succession(Schema):
    """An area that another turned into, or came from."""

    id: Id = Field(examples=["dk-oestdanmark"])
    """Id of the other area."""
    name: str = Field(examples=["Region Østdanmark"])
    """What it was called at the time of the change."""
    on: Day = Field(examples=["2027-01-01"])
    """The first day after the change."""
    kind: AreaChangeKind = Field(examples=["merge"])
    """What happened."""
    change: Id = Field(examples=["region-oestdanmark-2027"])
    """Id of the area change, which has the legal act."""


class RegionFields(RecordData[R], Generic[R]):
    """A region: it runs hospitals and pays general practice."""

    country: Country = Field(examples=["DK"])
    """ISO 3166-1 code of the country. A code means nothing without it."""
    code: Text | None = Field(examples=["1085"])
    """The official code, text with leading zeros; null when unknown."""
    code_system: Text | None = Field(examples=["regionskode"])
    """What the code is a code of; null when there is no code."""
    nuts2: Text | None = Field(examples=["DK02"])
    """NUTS 2 code; null when unknown."""
    nuts_year: int | None = Field(examples=[2021])
    """The edition of NUTS that the code belongs to; null when there is no code."""
    name: Text = Field(examples=["Region Sjælland"])
    """The official name in the country's own language."""
    names: Names
    """The name in Danish, Swedish and English."""
    seat: Text | None = Field(examples=["Sorø"])
    """The town of the regional council; null when unknown."""
    period: Period
    """When the region exists."""


class RegionData(RegionFields[Id]):
    """A region as it is written."""

    example: ClassVar = {
        "country": "DK",
        "name": "Region Eksempel",
        "names": {"da": "Region Eksempel", "sv": None, "en": "Example Region"},
        "seat": "Eksempelby",
        "period": {"start": "2035-01-01", "end": None},
    }


class Region(RegionFields[Ref], Record):
    """A region: it runs hospitals and pays general practice."""

    predecessors: list[Succession]
    """The regions that it came from, the latest change first."""
    successors: list[Succession]
    """The regions that it turned into, the earliest change first."""


class RegionQuery(ListQuery):
    """What the regions can be asked."""

    country: Annotated[list[Country] | Absent, any_of(RegionRow.country)] = Field(None, examples=[["DK"]])
    """Only regions of these countries."""
    code: Annotated[list[Term] | Absent, any_of(RegionRow.code)] = Field(None, examples=[["1085"]])
    """Only regions with these official codes, zeros included."""
    nuts2: Annotated[list[Term] | Absent, any_of(RegionRow.nuts2)] = Field(None, examples=[["DK02"]])
    """Only regions with these NUTS 2 codes."""
    sort: Annotated[Literal["name", "-name"], Sorts(name=RegionRow.sort_name)] = Field("name", examples=["-name"])
    """What to sort by; with `-` in front, from the last to the first. Names are in Danish order."""


def succession(
    area: type[RecordRow], column: str, here: type[ChangedAreaRow], there: type[ChangedAreaRow]
) -> ScalarSelect[Any]:
    """The areas on the other side of the changes in which an area, by its column, stands on this side.

    The nearest change comes first: looking back the latest, looking ahead the earliest.
    """
    near = AreaChangeRow.effective_on.desc() if here is AreaAfterRow else AreaChangeRow.effective_on.asc()
    this: InstrumentedAttribute[str | None] = getattr(here, column)
    other: InstrumentedAttribute[str | None] = getattr(there, column)
    return many(
        Succession,
        there,
        this == area.id,
        other != this,
        here.record_id == AreaChangeRow.id,
        there.record_id == AreaChangeRow.id,
        order=[near, AreaChangeRow.id, there.position],
        id=other,
        name=there.name,
        on=AreaChangeRow.effective_on,
        kind=AreaChangeRow.kind,
        change=AreaChangeRow.id,
    )


regions = Resource(
    name="regions",
    about="*Regioner*: they run hospitals and pay general practice. Denmark has five, and four from 2027-01-01.",
    example="dk-1085",
    public=Region,
    data=RegionData,
    row=RegionRow,
    query=RegionQuery,
    listed=current(RegionRow),
    on_the_map=True,
    computed={
        "predecessors": succession(RegionRow, "region_id", AreaAfterRow, AreaBeforeRow),
        "successors": succession(RegionRow, "region_id", AreaBeforeRow, AreaAfterRow),
    },
)


@regions.router.get("")
async def list_regions(query: Annotated[RegionQuery, Query()], read: Reading) -> Json[Page[Region]]:
    """Regions that exist on the day asked about, in Danish order; of other days by `as_of`, `id` or `document`."""
    return await regions.page(read, query)


@regions.router.get("/{id}")
async def get_region(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Region]:
    """One region, also one that has ended or is yet to come, with what it came from and what follows it."""
    return await regions.one(read, id, query)


@regions.router.get("/{id}/history")
async def region_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a region when and why, and what became different each time."""
    return await regions.history(read, id, query, caller)


@regions.router.post("", status_code=201)
async def create_region(write: Writing, body: Sent[RegionData]) -> Json[Region]:
    """Add a region; its id is made from its name unless the body chooses one."""
    return await regions.create(write, body)


@regions.router.put("/{id}")
async def replace_region(id: RecordId, write: Writing, body: Sent[RegionData]) -> Json[Region]:
    """Make a region be what the body says, or create it under this id."""
    return await regions.replace(write, id, body)


@regions.router.patch("/{id}")
async def patch_region(id: RecordId, write: Writing, body: Sent[RegionData]) -> Json[Region]:
    """Change what the body names of a region, and nothing else."""
    return await regions.patch(write, id, body)


@regions.router.delete("/{id}", status_code=204)
async def delete_region(id: RecordId, write: Deleting) -> Response:
    """Delete a region that no other record refers to."""
    return await regions.delete(write, id)


@regions.router.post("/{id}/restore")
async def restore_region(id: RecordId, write: Writing) -> Json[Region]:
    """Bring back a deleted region as it last was."""
    return await regions.restore(write, id)
