"""Municipalities: they answer for home care, rehabilitation and prevention, and each belongs to a region."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Integer, ScalarSelect, SQLColumnExpression, case, cast, select

from app.auth import MaybeSignedIn
from app.resources.area_changes import AreaAfterRow, AreaBeforeRow
from app.resources.measurements import MOST_PEOPLE, POPULATION, MeasurementRow
from app.resources.municipalities.map import ON_THE_MAP
from app.resources.municipalities.shapes import Municipality, MunicipalityData
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.resources.regions import Country, RegionRow, regions, succession
from app.rest.export.geometry import point, points
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Condition
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Count, Id, Page, Ref, Term
from app.rest.sent import Sent
from app.rest.view import AS_OF, current, one


def last_counted(value: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """A value of a municipality's last population measurement by the day asked about."""
    return (
        select(value)
        .where(
            MeasurementRow.municipality_id == MunicipalityRow.id,
            MeasurementRow.indicator_id == POPULATION,
            MeasurementRow.date_latest <= AS_OF,
        )
        .order_by(
            MeasurementRow.date_latest.desc(),
            MeasurementRow.date_earliest.desc(),
            MeasurementRow.definition.desc().nulls_last(),
            MeasurementRow.id,
        )
        .limit(1)
        .correlate(MunicipalityRow)
        .scalar_subquery()
    )


COUNTED = case((MeasurementRow.value.between(0, MOST_PEOPLE), cast(MeasurementRow.value, Integer)))
INHABITANTS = last_counted(COUNTED)


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
    """Municipalities that belong to a region on the day asked about; those of other days by `id` or `document`."""
    return await municipalities.page(read, query)


@municipalities.router.get("/{id}")
async def get_municipality(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Municipality]:
    """One municipality, also one that has ended, with the region that it belongs to on the day asked about."""
    return await municipalities.one(read, id, query)


@municipalities.router.get("/{id}/history")
async def municipality_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a municipality when and why, and what became different each time."""
    return await municipalities.history(read, id, query, caller)


@municipalities.router.post("", status_code=201)
async def create_municipality(write: Writing, body: Sent[MunicipalityData]) -> Json[Municipality]:
    """Add a municipality; its id is made from its name unless the body chooses one."""
    return await municipalities.create(write, body)


@municipalities.router.put("/{id}")
async def replace_municipality(id: RecordId, write: Writing, body: Sent[MunicipalityData]) -> Json[Municipality]:
    """Make a municipality be what the body says, or create it under this id."""
    return await municipalities.replace(write, id, body)


@municipalities.router.patch("/{id}")
async def patch_municipality(id: RecordId, write: Writing, body: Sent[MunicipalityData]) -> Json[Municipality]:
    """Change what the body names of a municipality, and nothing else."""
    return await municipalities.patch(write, id, body)


@municipalities.router.delete("/{id}", status_code=204)
async def delete_municipality(id: RecordId, write: Deleting) -> Response:
    """Delete a municipality that no other record refers to."""
    return await municipalities.delete(write, id)


@municipalities.router.post("/{id}/restore")
async def restore_municipality(id: RecordId, write: Writing) -> Json[Municipality]:
    """Bring back a deleted municipality as it last was."""
    return await municipalities.restore(write, id)
