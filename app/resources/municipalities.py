"""Municipalities: they answer for home care, rehabilitation and prevention, and each belongs to a region."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple

from fastapi import Query
from pydantic import Field
from sqlalchemy import (
    CTE,
    BindParameter,
    Integer,
    ScalarSelect,
    SQLColumnExpression,
    cast,
    exists,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.resources.area_changes import AreaAfterRow, AreaBeforeRow, AreaChangeRow
from app.resources.measurements import POPULATION, MeasurementRow
from app.resources.regions import Country, RegionRow, Succession, regions, succession
from app.rest.dates import Period
from app.rest.export.geometry import point, points
from app.rest.query import Condition, Link, ListQuery, Moment, RecordId, Sorts, Where, any_in, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Count, Day, Id, Page, R, Record, RecordData, Ref, Schema, Term, Text
from app.rest.view import AS_OF, current, one


class MunicipalityRow(RecordRow):
    __tablename__ = "municipality"

    country: Mapped[str]
    code: Mapped[str | None]
    code_system: Mapped[str | None]
    nuts3: Mapped[str | None]
    nuts_year: Mapped[int | None]
    name: Mapped[str]
    point_latitude: Mapped[float | None]
    point_longitude: Mapped[float | None]
    period: Mapped[Range[date]]
    sort_name: Mapped[str] = danish_order("name")


class MembershipRow(PartRow):
    __tablename__ = "municipality_membership"

    record_id: Mapped[str] = part_of("municipality")
    region_id: Mapped[str] = refers_to("region")
    period: Mapped[Range[date]]


class AreaMap(NamedTuple):
    """Where every area that there ever was lies on a day: `area_id` in `place_id`, by regions and by municipalities.

    An area that was merged lies where the new one does; one that was split may lie in several; one that has not begun
    lies nowhere, and a region in no municipality.
    """

    regions: CTE
    municipalities: CTE


def map_of(day: BindParameter[Any]) -> AreaMap:
    """The map of a day."""
    areas = union_all(select(RegionRow.id.label("area_id")), select(MunicipalityRow.id)).subquery("area")
    way = select(areas.c.area_id, areas.c.area_id.label("place_id")).cte(f"way_{day.key}", recursive=True)
    way = way.union(
        select(way.c.area_id, func.coalesce(AreaAfterRow.region_id, AreaAfterRow.municipality_id))
        .join(AreaBeforeRow, func.coalesce(AreaBeforeRow.region_id, AreaBeforeRow.municipality_id) == way.c.place_id)
        .join(AreaChangeRow, (AreaChangeRow.id == AreaBeforeRow.record_id) & (AreaChangeRow.effective_on <= day))
        .join(AreaAfterRow, AreaAfterRow.record_id == AreaChangeRow.id)
    )
    regions = select(way.c.area_id, RegionRow.id.label("place_id")).where(
        RegionRow.id == way.c.place_id, current(RegionRow, day)
    )
    members = select(way.c.area_id, MembershipRow.region_id).where(
        MembershipRow.record_id == way.c.place_id, current(MembershipRow, day)
    )
    municipalities = select(way.c.area_id, way.c.place_id).where(
        MunicipalityRow.id == way.c.place_id, current(MunicipalityRow, day)
    )
    return AreaMap(regions.union(members).cte(f"in_region_{day.key}"), municipalities.cte(f"in_municipality_{day.key}"))


PLACES: Final = map_of(AS_OF).regions


IN_REGION: Final = select(PLACES.c.area_id.label("id"), PLACES.c.place_id.label("value")).union(
    select(RegionRow.id, RegionRow.id)
)
"""Each area with the region that it lies in on the day asked about; a region, that has ended too, with itself."""


def lies_in(record: InstrumentedAttribute[str], *links: Link) -> Where:
    """A filter on regions, for records that links give areas: where these lie on the day asked about.

    A region that has ended is found by its own id too, on any day.
    """
    return any_in(record, MembershipRow.region_id, *(replace(link, via=IN_REGION) for link in links))


ON_THE_MAP: Final = current(MunicipalityRow) & exists().where(
    MembershipRow.record_id == MunicipalityRow.id, current(MembershipRow)
)
"""That the municipality exists and belongs to a region on the day asked about."""


class Point(Schema):
    """A place on the map (WGS 84)."""

    latitude: Annotated[float, Field(ge=-90, le=90, examples=[54.77])]
    """Degrees north of the equator."""
    longitude: Annotated[float, Field(ge=-180, le=180, examples=[11.5])]
    """Degrees east of Greenwich."""


class Membership(Schema, Generic[R]):
    """That a municipality belongs to a region for a time."""

    region: R
    """The region."""
    period: Period
    """When the municipality belongs to it."""


class MunicipalityFields(RecordData[R], Generic[R]):
    """A municipality: it answers for home care, rehabilitation and prevention."""

    country: Country = Field(examples=["DK"])
    """ISO 3166-1 code of the country. A code means nothing without it: 0360 is Lolland and Tierp."""
    code: Text | None = Field(examples=["0360"])
    """The official code, text with leading zeros; null when unknown."""
    code_system: Text | None = Field(examples=["kommunekode"])
    """What the code is a code of; null when there is no code."""
    nuts3: Text | None = Field(examples=["DK022"])
    """NUTS 3 code; null when unknown."""
    nuts_year: int | None = Field(examples=[2021])
    """The edition of NUTS that the code belongs to; null when there is no code."""
    name: Text = Field(examples=["Lolland"])
    """The name of the area in the country's own language."""
    point: Point | None
    """A place to show the municipality at on a map; null when unknown."""
    period: Period
    """When the municipality exists."""
    memberships: list[Membership[R]]
    """The regions that it belongs to, one at a time, the earliest first."""


class MunicipalityData(MunicipalityFields[Id]):
    """A municipality as it is written."""


class Municipality(MunicipalityFields[Ref], Record):
    """A municipality: it answers for home care, rehabilitation and prevention."""

    region: Ref | None
    """The region that it belongs to on the day asked about; null when none."""
    population: Count | None = Field(examples=[40816])
    """How many people lived there when they were last measured by the day asked about; null when unknown."""
    population_on: Day | None = Field(examples=["2020-07-01"])
    """The day on which they were counted; null when the population is unknown."""
    predecessors: list[Succession]
    """The municipalities that it came from."""
    successors: list[Succession]
    """The municipalities that it turned into."""


def last_counted(value: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """A value of a municipality's last population measurement by the day asked about."""
    return (
        select(value)
        .where(
            MeasurementRow.municipality_id == MunicipalityRow.id,
            MeasurementRow.indicator_id == POPULATION,
            MeasurementRow.date_latest <= AS_OF,
        )
        .order_by(MeasurementRow.date_latest.desc())
        .limit(1)
        .correlate(MunicipalityRow)
        .scalar_subquery()
    )


INHABITANTS = last_counted(cast(MeasurementRow.value, Integer))


class MunicipalityQuery(ListQuery):
    """What the municipalities can be asked."""

    region: Annotated[list[Id] | Absent, any_of(MembershipRow.region_id, only=[current(MembershipRow)])] = Field(
        None, examples=[["dk-1085"]]
    )
    """Only municipalities that belong to these regions, by id, on the day asked about."""
    country: Annotated[list[Country] | Absent, any_of(MunicipalityRow.country)] = Field(None, examples=[["DK"]])
    """Only municipalities of these countries."""
    code: Annotated[list[Term] | Absent, any_of(MunicipalityRow.code)] = Field(None, examples=[["0360"]])
    """Only municipalities with these official codes, zeros included; give the country too."""
    nuts3: Annotated[list[Term] | Absent, any_of(MunicipalityRow.nuts3)] = Field(None, examples=[["DK022"]])
    """Only municipalities in these NUTS 3 areas."""
    population_min: Annotated[Count | Absent, Where(lambda n: n <= INHABITANTS)] = Field(None, examples=[40000])
    """Only municipalities with at least so many inhabitants."""
    population_max: Annotated[Count | Absent, Where(lambda n: n >= INHABITANTS)] = Field(None, examples=[60000])
    """Only municipalities with at most so many inhabitants."""
    sort: Annotated[
        Literal["name", "-name", "population", "-population"],
        Sorts(name=MunicipalityRow.sort_name, population=INHABITANTS),
    ] = Field("name", examples=["-population"])
    """What to sort by; with `-` in front, from the last to the first. Names are in Danish order; unknown comes last."""


municipalities = Resource(
    name="municipalities",
    about="*Kommuner*: they answer for home care, rehabilitation and prevention; each belongs to a region.",
    example="dk-0360",
    public=Municipality,
    data=MunicipalityData,
    row=MunicipalityRow,
    query=MunicipalityQuery,
    listed=ON_THE_MAP,
    parts={"memberships": MembershipRow},
    computed={
        "region": one(
            Ref,
            RegionRow,
            RegionRow.id == MembershipRow.region_id,
            MembershipRow.record_id == MunicipalityRow.id,
            current(MembershipRow),
        ),
        "population": INHABITANTS,
        "population_on": last_counted(MeasurementRow.date_latest),
        "predecessors": succession(MunicipalityRow, "municipality_id", AreaAfterRow, AreaBeforeRow),
        "successors": succession(MunicipalityRow, "municipality_id", AreaBeforeRow, AreaAfterRow),
    },
    on_the_map=True,
    geometry=point(MunicipalityRow.point_latitude, MunicipalityRow.point_longitude),
)


def municipality_points(*where: Condition) -> ScalarSelect[Any]:
    """Where the municipalities that meet `where` are on the map."""
    return points(MunicipalityRow.point_latitude, MunicipalityRow.point_longitude, *where)


regions.geometry = municipality_points(  # said here, for a region is where its municipalities are
    MembershipRow.record_id == MunicipalityRow.id, MembershipRow.region_id == RegionRow.id, current(MembershipRow)
)


@municipalities.router.get("")
async def list_municipalities(query: Annotated[MunicipalityQuery, Query()], read: Reading) -> Json[Page[Municipality]]:
    """The municipalities that exist and belong to a region on the day asked about; those of other days by `id`."""
    return await municipalities.page(read, query)


@municipalities.router.get("/{id}")
async def get_municipality(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Municipality]:
    """One municipality, also one that has ended, with the region that it belongs to on the day asked about."""
    return await municipalities.one(read, id, query)
