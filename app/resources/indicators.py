"""Indicators: what is followed up with figures, how it was defined at which time, and what is aimed at."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, WithJsonSchema, model_validator
from sqlalchemy import Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.dates import Period, StatedDate
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.query import ListQuery, Moment, RecordId, Sorts, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import wrong
from app.rest.schema import Absent, Id, Page, R, Record, RecordData, Ref, Schema, Term, Text
from app.rest.sent import Sent

Better = TypeAliasType(
    "Better",
    Annotated[
        Literal["higher", "lower"],
        Field(
            description="""- `higher`: the more, the better
- `lower`: the less, the better"""
        ),
    ],
)
Value = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=6),
    WithJsonSchema({"type": "number", "exclusiveMinimum": -1e12, "exclusiveMaximum": 1e12}),
]
"""A measured figure, exact to six decimals."""
DefinitionNumber = Annotated[int, Field(ge=1, le=32767)]


class IndicatorRow(RecordRow):
    __tablename__ = "indicator"

    title: Mapped[str]
    description: Mapped[str | None]
    unit: Mapped[str | None]
    better: Mapped[str | None]
    publisher: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class DefinitionRow(PartRow):
    __tablename__ = "indicator_definition"
    __table_args__ = (UniqueConstraint("record_id", "number"),)

    record_id: Mapped[str] = part_of("indicator")
    number: Mapped[int]
    text: Mapped[str]
    period: Mapped[Range[date] | None]


class TargetRow(PartRow):
    __tablename__ = "indicator_target"

    record_id: Mapped[str] = part_of("indicator")
    goal_id: Mapped[str] = refers_to("goal")
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")
    baseline: Mapped[Decimal | None] = mapped_column(Numeric)
    baseline_date_edtf: Mapped[str | None]
    baseline_date_earliest: Mapped[date | None]
    baseline_date_latest: Mapped[date | None]
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    due_edtf: Mapped[str | None]
    due_earliest: Mapped[date | None]
    due_latest: Mapped[date | None]


class Definition(Schema, Generic[R]):
    """How the indicator is computed; a revised definition is a new one, and the series breaks there."""

    number: DefinitionNumber = Field(examples=[1])
    """The number that measurements name it by."""
    text: Text = Field(examples=["Personer med bopæl i kommunen, opgjort ved kvartalets begyndelse"])
    """What is counted, and how."""
    period: Period | None
    """The period whose figures it applies to; null when unknown."""


class Target(Schema, Generic[R]):
    """That a goal is followed with the indicator, and what is aimed at."""

    goal: R
    """The goal of an agreement or a plan."""
    region: R | None
    """The region that the target is for; null when it is for a municipality or for all."""
    municipality: R | None
    """The municipality that the target is for; null when it is for a region or for all."""
    baseline: Value | None = Field(examples=[14.2])
    """What it was when the target was set, in the indicator's unit; null when there is no baseline or none is known."""
    baseline_date: StatedDate | None
    """When the baseline was measured; null when unknown."""
    value: Value | None = Field(examples=[12.5])
    """What is aimed at, in the indicator's unit; null when no figure is set or none is known."""
    due: StatedDate | None
    """By when; null when unknown."""

    @model_validator(mode="after")
    def _is_for_one_area_or_all(self) -> Self:
        if self.region is not None and self.municipality is not None:
            raise wrong("A target is for a region, for a municipality, or for all; name one of the two at the most")
        return self


class IndicatorFields(RecordData[R], Generic[R]):
    """Something that is followed up with figures."""

    title: Text = Field(examples=["Somatiske genindlæggelser inden for 30 dage"])
    """What it is called."""
    description: Text | None = Field(examples=["Officiel opfølgningsindikator for sundhedsaftalerne"])
    """What it tells; null when nothing is said."""
    unit: Text | None = Field(examples=["procent"])
    """What the figures count, in Danish; null when unknown."""
    better: Better | None = Field(examples=["lower"])
    """Which direction is the better one; null when neither is, or when that is unknown."""
    publisher: Text | None = Field(examples=["eSundhed"])
    """Who publishes the figures; null when unknown."""
    definitions: list[Definition[R]]
    """How it was defined, the earliest first."""
    targets: list[Target[R]]
    """The goals that it follows, and what is aimed at."""

    @model_validator(mode="after")
    def _numbers_its_definitions(self) -> Self:
        numbers = [definition.number for definition in self.definitions]
        if len(numbers) != len(set(numbers)):
            raise wrong("Each definition has a number of its own", "definitions")
        return self


class IndicatorData(IndicatorFields[Id]):
    """An indicator as it is written."""

    example: ClassVar = {
        "title": "Eksempel: ventetid til genoptræning",
        "unit": "dage",
        "better": "lower",
        "definitions": [{"number": 1, "text": "Dage fra udskrivning til første fremmøde"}],
        "targets": [{"goal": "sundhedsaftale-sjaelland-2019-maal-1", "region": "dk-1085", "value": 7}],
    }


class Indicator(IndicatorFields[Ref], Record):
    """Something that is followed up with figures."""


class IndicatorQuery(ListQuery):
    """What the indicators can be asked."""

    goal: Annotated[list[Id] | Absent, any_of(TargetRow.goal_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]]
    )
    """Only indicators that follow one of these goals, by id."""
    publisher: Annotated[list[Term] | Absent, any_of(IndicatorRow.publisher)] = Field(
        None, examples=[["Danmarks Statistik"]]
    )
    """Only indicators whose figures one of these publishes."""
    sort: Annotated[Literal["title", "-title"], Sorts(title=IndicatorRow.sort_title)] = Field(
        "title", examples=["-title"]
    )
    """What to sort by; with `-` in front, from the last to the first. Titles are in Danish order."""


indicators = Resource(
    name="indicators",
    about="*Indikatorer*: what is followed up with figures, with each revision of its definition and its targets.",
    example="folketal",
    public=Indicator,
    data=IndicatorData,
    row=IndicatorRow,
    query=IndicatorQuery,
    parts={"definitions": DefinitionRow, "targets": TargetRow},
)


@indicators.router.get("")
async def list_indicators(query: Annotated[IndicatorQuery, Query()], read: Reading) -> Json[Page[Indicator]]:
    """Indicators, in Danish order of their titles."""
    return await indicators.page(read, query)


@indicators.router.get("/{id}")
async def get_indicator(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Indicator]:
    """One indicator, with its definitions over time and its targets."""
    return await indicators.one(read, id, query)


@indicators.router.get("/{id}/history")
async def indicator_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote an indicator when and why, and what became different each time."""
    return await indicators.history(read, id, query, caller)


@indicators.router.post("", status_code=201)
async def create_indicator(write: Writing, body: Sent[IndicatorData]) -> Json[Indicator]:
    """Add an indicator; its id is made from its title unless the body chooses one."""
    return await indicators.create(write, body)


@indicators.router.put("/{id}")
async def replace_indicator(id: RecordId, write: Writing, body: Sent[IndicatorData]) -> Json[Indicator]:
    """Make an indicator be what the body says, or create it under this id."""
    return await indicators.replace(write, id, body)


@indicators.router.patch("/{id}")
async def patch_indicator(id: RecordId, write: Writing, body: Sent[IndicatorData]) -> Json[Indicator]:
    """Change what the body names of an indicator, and nothing else."""
    return await indicators.patch(write, id, body)


@indicators.router.delete("/{id}", status_code=204)
async def delete_indicator(id: RecordId, write: Deleting) -> Response:
    """Delete an indicator that no other record refers to."""
    return await indicators.delete(write, id)


@indicators.router.post("/{id}/restore")
async def restore_indicator(id: RecordId, write: Writing) -> Json[Indicator]:
    """Bring back a deleted indicator as it last was."""
    return await indicators.restore(write, id)
