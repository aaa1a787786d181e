"""Measurements: what an indicator showed for an area and a time, by which definition."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, ValidationInfo, model_validator
from sqlalchemy import ForeignKeyConstraint, Numeric, UniqueConstraint, and_, func, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.auth import MaybeSignedIn
from app.db import RecordRow, refers_to
from app.resources.indicators import DefinitionNumber, IndicatorRow, TargetRow, Value
from app.rest.dates import StatedDate
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Link
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_in, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import exactly_one, wrong
from app.rest.schema import Absent, Day, Id, Page, R, Record, RecordData, Ref, Schema, Text
from app.rest.sent import Sent
from app.rest.view import many

POPULATION: Final = "folketal"
"""The indicator whose measurements are the populations of areas."""
MOST_PEOPLE: Final = 2_147_483_647


class MeasurementRow(RecordRow):
    __tablename__ = "measurement"
    __table_args__ = (
        ForeignKeyConstraint(
            ["indicator_id", "definition"],
            ["indicator_definition.record_id", "indicator_definition.number"],
            deferrable=True,
            initially="DEFERRED",
        ),
        UniqueConstraint(
            "indicator_id",
            "definition",
            "region_id",
            "municipality_id",
            "date_edtf",
            name="uq_measurement_once",
            postgresql_nulls_not_distinct=True,
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    indicator_id: Mapped[str] = refers_to("indicator")
    definition: Mapped[int | None]
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")
    date_edtf: Mapped[str]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    note: Mapped[str | None]


class MeasurementFields(RecordData[R], Generic[R]):
    """What an indicator showed for an area and a time."""

    indicator: R
    """What was measured."""
    definition: DefinitionNumber | None = Field(examples=[1])
    """The number of the indicator's definition by which it was measured; null when unknown."""
    region: R | None
    """The region that it was measured for; null when it was a municipality."""
    municipality: R | None
    """The municipality that it was measured for; null when it was a region."""
    date: StatedDate
    """The day, year or interval that was measured."""
    value: Value | None = Field(examples=[40816])
    """The figure, in the indicator's unit, to six decimals; null when it is withheld or could not be measured."""
    note: Text | None = Field(examples=["Diskretioneret"])
    """What else there is to know of the figure, in Danish; null when nothing."""

    @model_validator(mode="after")
    def _is_of_one_area(self) -> Self:
        exactly_one(self, "region", "municipality")
        return self

    @model_validator(mode="after")
    def _counts_people(self, info: ValidationInfo) -> Self:
        sent, value = info.context is not None, self.value or Decimal()
        possible = 0 <= value <= MOST_PEOPLE and value == value.to_integral_value()
        if sent and self.indicator == POPULATION and not possible:
            raise wrong(f"A population is a whole number of people, from 0 to {MOST_PEOPLE}", "value")
        return self


class MeasurementData(MeasurementFields[Id]):
    """A measurement as it is written."""

    example: ClassVar = {
        "id": "folketal-dk-0360-2035-01-01",
        "indicator": "folketal",
        "definition": 1,
        "municipality": "dk-0360",
        "date": {"edtf": "2035-01-01"},
        "value": 39000,
        "note": "Eksempel",
    }


class Aim(Schema):
    """What is aimed at with an indicator."""

    goal: Id = Field(examples=["sundhedsaftale-sjaelland-2019-maal-1"])
    """Id of the goal that the indicator follows."""
    value: Value | None = Field(examples=[12.5])
    """The figure that is aimed at; null when none is set or none is known."""
    due: StatedDate | None
    """By when; null when unknown."""


class Measurement(MeasurementFields[Ref], Record):
    """What an indicator showed for an area and a time."""

    unit: str | None = Field(examples=["personer"])
    """What the figure counts; null when unknown."""
    breaks_series: bool = Field(examples=[False])
    """Whether the area's measurement before it was made by another definition, so that the two cannot be compared."""
    targets: list[Aim]
    """What is aimed at with the indicator in this area, or in all."""


Earlier = aliased(MeasurementRow)
BREAKS = func.coalesce(
    select(Earlier.definition.is_distinct_from(MeasurementRow.definition))
    .where(
        Earlier.indicator_id == MeasurementRow.indicator_id,
        Earlier.region_id.is_not_distinct_from(MeasurementRow.region_id),
        Earlier.municipality_id.is_not_distinct_from(MeasurementRow.municipality_id),
        Earlier.date_latest < MeasurementRow.date_latest,
    )
    .order_by(Earlier.date_latest.desc(), Earlier.id.desc())
    .limit(1)
    .correlate(MeasurementRow)
    .scalar_subquery(),
    False,
)


class MeasurementQuery(ListQuery):
    """What the measurements can be asked."""

    indicator: Annotated[list[Id] | Absent, any_of(MeasurementRow.indicator_id)] = Field(None, examples=[["folketal"]])
    """Only measurements of these indicators, by id."""
    region: Annotated[list[Id] | Absent, any_of(MeasurementRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only measurements of these regions as a whole, by id."""
    municipality: Annotated[list[Id] | Absent, any_of(MeasurementRow.municipality_id)] = Field(
        None, examples=[["dk-0360"]]
    )
    """Only measurements of these municipalities, by id."""
    area: Annotated[list[Id] | Absent, any_of(MeasurementRow.region_id, MeasurementRow.municipality_id)] = Field(
        None, examples=[["dk-0360", "dk-1085"]]
    )
    """Only measurements of these regions or municipalities, by id: to compare a municipality with its region."""
    goal: Annotated[
        list[Id] | Absent,
        any_in(
            MeasurementRow.id,
            TargetRow.goal_id,
            Link(
                MeasurementRow.id,
                MeasurementRow.indicator_id,
                select(TargetRow.record_id.label("id"), TargetRow.goal_id.label("value")),
            ),
        ),
    ] = Field(None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]])
    """Only measurements of indicators that follow one of these goals, by id."""
    date_from: Annotated[Day | Absent, Where(lambda day: MeasurementRow.date_earliest >= day)] = Field(
        None, examples=["2009-01-01"]
    )
    """Only measurements of times that begin on this day or later."""
    date_to: Annotated[Day | Absent, Where(lambda day: MeasurementRow.date_latest <= day)] = Field(
        None, examples=["2020-12-31"]
    )
    """Only measurements of times that end on this day or earlier."""
    breaks_series: Annotated[bool | Absent, Where(lambda yes: yes == BREAKS)] = Field(None, examples=[False])
    """Only measurements before which the definition changed, or only those that go on with the same."""
    sort: Annotated[
        Literal["date", "-date", "value", "-value"],
        Sorts(date=MeasurementRow.date_latest, value=MeasurementRow.value),
    ] = Field("date", examples=["-value"])
    """What to sort by, `date` being the last day measured; with `-` in front, from the last to the first."""


measurements = Resource(
    name="measurements",
    about="*Målinger*: what an indicator showed for a region or a municipality at a time; population among them.",
    example="folketal-dk-0360-2020-07-01",
    public=Measurement,
    data=MeasurementData,
    row=MeasurementRow,
    query=MeasurementQuery,
    computed={
        "unit": select(IndicatorRow.unit).where(IndicatorRow.id == MeasurementRow.indicator_id).scalar_subquery(),
        "breaks_series": BREAKS,
        "targets": many(
            Aim,
            TargetRow,
            TargetRow.record_id == MeasurementRow.indicator_id,
            or_(
                TargetRow.region_id == MeasurementRow.region_id,
                TargetRow.municipality_id == MeasurementRow.municipality_id,
                and_(TargetRow.region_id.is_(None), TargetRow.municipality_id.is_(None)),
            ),
            order=[TargetRow.position],
        ),
    },
)


@measurements.router.get("")
async def list_measurements(query: Annotated[MeasurementQuery, Query()], read: Reading) -> Json[Page[Measurement]]:
    """Measurements, the earliest first unless asked otherwise; give an indicator and areas to see a series."""
    return await measurements.page(read, query)


@measurements.router.get("/{id}")
async def get_measurement(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Measurement]:
    """One measurement, with its unit and what is aimed at."""
    return await measurements.one(read, id, query)


@measurements.router.get("/{id}/history")
async def measurement_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a measurement when and why, and what became different each time."""
    return await measurements.history(read, id, query, caller)


@measurements.router.post("", status_code=201)
async def create_measurement(write: Writing, body: Sent[MeasurementData]) -> Json[Measurement]:
    """Add a measurement; its id is made up unless the body chooses one."""
    return await measurements.create(write, body)


@measurements.router.put("/{id}")
async def replace_measurement(id: RecordId, write: Writing, body: Sent[MeasurementData]) -> Json[Measurement]:
    """Make a measurement be what the body says, or create it under this id."""
    return await measurements.replace(write, id, body)


@measurements.router.patch("/{id}")
async def patch_measurement(id: RecordId, write: Writing, body: Sent[MeasurementData]) -> Json[Measurement]:
    """Change what the body names of a measurement, and nothing else."""
    return await measurements.patch(write, id, body)


@measurements.router.delete("/{id}", status_code=204)
async def delete_measurement(id: RecordId, write: Deleting) -> Response:
    """Delete a measurement that no other record refers to."""
    return await measurements.delete(write, id)


@measurements.router.post("/{id}/restore")
async def restore_measurement(id: RecordId, write: Writing) -> Json[Measurement]:
    """Bring back a deleted measurement as it last was."""
    return await measurements.restore(write, id)
