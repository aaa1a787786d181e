"""How areas follow each other: merges, splits, transfers, renamings, new codes."""

from datetime import date
from typing import Annotated, ClassVar, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, model_validator
from sqlalchemy.orm import Mapped
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, part_of, refers_to
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import exactly_one
from app.rest.schema import Absent, Day, Id, Page, R, Record, RecordData, Ref, Schema, Text
from app.rest.sent import Sent

AreaChangeKind = TypeAliasType(
    "AreaChangeKind",
    Annotated[
        Literal["merge", "split", "transfer", "rename", "recode"],
        Field(
            description="""- `merge`: several areas become one
- `split`: an area becomes several
- `transfer`: a part of one area goes to another
- `rename`: the name changes
- `recode`: the official code changes"""
        ),
    ],
)


class AreaChangeRow(RecordRow):
    __tablename__ = "area_change"

    kind: Mapped[str]
    title: Mapped[str]
    effective_on: Mapped[date]
    legal_act: Mapped[str | None]
    note: Mapped[str | None]


class ChangedAreaRow(PartRow):
    __abstract__ = True

    record_id: Mapped[str] = part_of("area_change")
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")
    name: Mapped[str]
    code: Mapped[str | None]


class AreaBeforeRow(ChangedAreaRow):
    __tablename__ = "area_change_before"


class AreaAfterRow(ChangedAreaRow):
    __tablename__ = "area_change_after"


class ChangedArea(Schema, Generic[R]):
    """An area as it was called just before a change, or just after it; either a region or a municipality."""

    region: Id | None = Field(examples=["dk-1084"])
    """Id of the region; null when the area is a municipality."""
    municipality: Id | None = Field(examples=["dk-0360"])
    """Id of the municipality; null when the area is a region."""
    name: Text = Field(examples=["Region Hovedstaden"])
    """What the area was called at the time."""
    code: Text | None = Field(examples=["1084"])
    """Its official code at the time, text with leading zeros; null when unknown."""

    @model_validator(mode="after")
    def _is_one_area(self) -> Self:
        exactly_one(self, "region", "municipality")
        return self


class AreaChangeFields(RecordData[R], Generic[R]):
    """An event in which areas turn into others: any number of them into any number."""

    kind: AreaChangeKind = Field(examples=["merge"])
    """What happens: areas merge, one splits, a part is transferred, the name or the code changes."""
    title: Text = Field(examples=["Region Hovedstaden og Region Sjælland lægges sammen til Region Østdanmark"])
    """What happens, in a line, in Danish."""
    effective_on: Day = Field(examples=["2027-01-01"])
    """The first day on which the areas are as they are after the change."""
    legal_act: Text | None = Field(examples=["L 214 (folketingsåret 2024-25)"])
    """The act that orders the change; null when unknown."""
    note: Text | None = Field(examples=["Region Østdanmark overtager alle aktiver og forpligtelser."])
    """What else there is to know, in Danish; null when nothing."""
    before: list[ChangedArea[R]]
    """The areas as they were before."""
    after: list[ChangedArea[R]]
    """The areas as they are afterwards."""


class AreaChangeData(AreaChangeFields[Id]):
    """An area change as it is written."""

    example: ClassVar = {
        "kind": "rename",
        "title": "Eksempel: Lolland skifter navn til Lolland-Falster Vest",
        "effective_on": "2035-01-01",
        "note": "Kommunens opgaver er de samme.",
        "before": [{"municipality": "dk-0360", "name": "Lolland", "code": "0360"}],
        "after": [{"municipality": "dk-0360", "name": "Lolland-Falster Vest", "code": "0360"}],
    }


class AreaChange(AreaChangeFields[Ref], Record):
    """An event in which areas turn into others: any number of them into any number."""


class AreaChangeQuery(ListQuery):
    """What the area changes can be asked."""

    kind: Annotated[list[AreaChangeKind] | Absent, any_of(AreaChangeRow.kind)] = Field(None, examples=[["merge"]])
    """Only changes of these kinds."""
    region: Annotated[list[Id] | Absent, any_of(AreaBeforeRow.region_id, AreaAfterRow.region_id)] = Field(
        None, examples=[["dk-1084"]]
    )
    """Only changes that these regions, by id, go into or come out of."""
    municipality: Annotated[list[Id] | Absent, any_of(AreaBeforeRow.municipality_id, AreaAfterRow.municipality_id)] = (
        Field(None, examples=[["dk-0360"]])
    )
    """Only changes that these municipalities, by id, go into or come out of."""
    effective_from: Annotated[Day | Absent, Where(lambda day: AreaChangeRow.effective_on >= day)] = Field(
        None, examples=["2027-01-01"]
    )
    """Only changes that take effect on this day or later."""
    effective_to: Annotated[Day | Absent, Where(lambda day: AreaChangeRow.effective_on <= day)] = Field(
        None, examples=["2027-01-01"]
    )
    """Only changes that take effect on this day or earlier."""
    sort: Annotated[Literal["effective_on", "-effective_on"], Sorts(effective_on=AreaChangeRow.effective_on)] = Field(
        "effective_on", examples=["-effective_on"]
    )
    """What to sort by; with `-` in front, from the last to the first."""


area_changes = Resource(
    name="area-changes",
    about="How areas follow each other: merges, splits, transfers, renamings (*kommunesammenlægning*, …).",
    example="region-oestdanmark-2027",
    public=AreaChange,
    data=AreaChangeData,
    row=AreaChangeRow,
    query=AreaChangeQuery,
    parts={"before": AreaBeforeRow, "after": AreaAfterRow},
)


@area_changes.router.get("")
async def list_area_changes(query: Annotated[AreaChangeQuery, Query()], read: Reading) -> Json[Page[AreaChange]]:
    """Changes of areas, the earliest first unless asked otherwise."""
    return await area_changes.page(read, query)


@area_changes.router.get("/{id}")
async def get_area_change(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[AreaChange]:
    """One change of areas."""
    return await area_changes.one(read, id, query)


@area_changes.router.get("/{id}/history")
async def area_change_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote an area change when and why, and what became different each time."""
    return await area_changes.history(read, id, query, caller)


@area_changes.router.post("", status_code=201)
async def create_area_change(write: Writing, body: Sent[AreaChangeData]) -> Json[AreaChange]:
    """Add an area change; its id is made from its title unless the body chooses one."""
    return await area_changes.create(write, body)


@area_changes.router.put("/{id}")
async def replace_area_change(id: RecordId, write: Writing, body: Sent[AreaChangeData]) -> Json[AreaChange]:
    """Make an area change be what the body says, or create it under this id."""
    return await area_changes.replace(write, id, body)


@area_changes.router.patch("/{id}")
async def patch_area_change(id: RecordId, write: Writing, body: Sent[AreaChangeData]) -> Json[AreaChange]:
    """Change what the body names of an area change, and nothing else."""
    return await area_changes.patch(write, id, body)


@area_changes.router.delete("/{id}", status_code=204)
async def delete_area_change(id: RecordId, write: Deleting) -> Response:
    """Delete an area change that no other record refers to."""
    return await area_changes.delete(write, id)


@area_changes.router.post("/{id}/restore")
async def restore_area_change(id: RecordId, write: Writing) -> Json[AreaChange]:
    """Bring back a deleted area change as it last was."""
    return await area_changes.restore(write, id)
