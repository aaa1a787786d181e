"""What was granted: sums and counts of grants, by whom, where and when, and per inhabitant."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from typing_extensions import TypeAliasType

from app.db import PartRow
from app.insights.sums import FIGURES, Key, Sum, Sums, sums
from app.resources.funding_programmes import FundingProgrammeRow
from app.resources.grants import GrantFilters, GrantRow, RecipientRow, grants
from app.resources.initiatives import InitiativeAreaRow
from app.resources.measurements import MeasurementRow
from app.resources.municipalities import INHABITANTS, last_counted
from app.resources.municipalities.map import map_of
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.resources.organisations import OrganisationRow
from app.resources.regions import RegionRow
from app.rest.missing import absences, refuse_unknown
from app.rest.one_of import offer
from app.rest.reading import Reading, Statement
from app.rest.resource import Sought
from app.rest.response import Json
from app.rest.rules import wrong
from app.rest.schema import Absent, Count, Day, Id, Schema
from app.rest.view import AS_OF, current, json_object, many

router: Final = APIRouter(tags=["insights"])
AREAS_AS_OF: Final = bindparam("areas_as_of", type_=Date())
"""The day whose map of areas is used."""
MAP: Final = map_of(AREAS_AS_OF)
Programme = aliased(FundingProgrammeRow)

GroupBy = TypeAliasType(
    "GroupBy",
    Annotated[
        Literal["region", "municipality", "programme", "fund", "funder", "recipient_kind", "year", "status"],
        Field(
            description="""- `region`: the region in which all areas of the grant's initiative lie
- `municipality`: the municipality that is its only area
- `programme`: the programme that the grant comes from
- `fund`: the fund that this programme names
- `funder`: the organisation that pays
- `recipient_kind`: the kind of organisation that all recipients are of
- `year`: the year of the award, where it certainly lies in one
- `status`: where the grant stands"""
        ),
    ],
)


def only(part: type[PartRow], id: Callable[[Any], ColumnElement[str]], record: Any, found: Select[Any, Any]) -> Key:
    """What all of a record's parts lead to by an id: what the first one does, unless another leads elsewhere.

    `found` gives what each id leads to. Grants are added up by the first part's id, and that is looked up afterwards.
    """
    first, other, leads = aliased(part), aliased(part), found.subquery()
    known = select(func.jsonb_object_agg(*leads.c, type_=JSONB())).scalar_subquery()

    def to(id: ColumnElement[Any]) -> ColumnElement[Any]:
        return known.op("->>", return_type=Text())(id)

    elsewhere = exists().where(
        other.record_id == first.record_id, other.position > 0, to(id(other)).is_distinct_from(to(id(first)))
    )
    one = select(first.record_id, id(first).label("id")).where(first.position == 0, ~elsewhere).subquery()
    return Key(one.c.id, [(one, one.c.record_id == record)], to)


def area_of(row: Any) -> ColumnElement[str]:
    """The id of the area in a row."""
    return func.coalesce(row.municipality_id, row.region_id)


def only_place(places: CTE) -> Key:
    """The place in which all areas of a grant's initiative lie."""
    place = func.min(places.c.place_id)
    lying = select(places.c.area_id, place).group_by(places.c.area_id).having(place == func.max(places.c.place_id))
    return only(InitiativeAreaRow, area_of, GrantRow.initiative_id, lying)


YEAR: Final = func.date_part("year", GrantRow.award_date_earliest)
KEYS: Final[Mapping[str, Key]] = {
    "region": only_place(MAP.regions)._replace(names=RegionRow),
    "municipality": only_place(MAP.municipalities)._replace(names=MunicipalityRow),
    "programme": Key(GrantRow.programme_id, names=FundingProgrammeRow),
    "fund": Key(Programme.fund, [(Programme, Programme.id == GrantRow.programme_id)]),
    "funder": Key(GrantRow.funder_id, names=OrganisationRow),
    "recipient_kind": only(
        RecipientRow,
        attrgetter("organisation_id"),
        GrantRow.id,
        select(OrganisationRow.id, OrganisationRow.kind),
    ),
    "year": Key(case((func.date_part("year", GrantRow.award_date_latest) == YEAR, cast(YEAR, Integer)))),
    "status": Key(GrantRow.status),
}


def two_different(keys: list[str]) -> list[str]:
    """Refuse to group by the same twice."""
    if len(set(keys)) < len(keys):
        raise wrong("Group by two different things")
    return keys


Grouping = Annotated[
    list[GroupBy], Field(max_length=2, json_schema_extra={"uniqueItems": True}), AfterValidator(two_different)
]


class FundingSummaryQuery(GrantFilters):
    """Which grants are summed, and by what."""

    id: list[Id] | Absent = Field(None, examples=[[grants.example]])
    """Only these grants, by id."""
    group_by: Grouping | Absent = Field(None, examples=[["region", "year"]])
    """By what the grants are grouped: nothing, one thing, or two."""
    areas_as_of: Day | Absent = Field(None, examples=["2027-01-01"])
    """The day whose map of regions and municipalities the grants are grouped by; that of `as_of` when left out. The
    filters `region` and `municipality` go by the map of `as_of`, which set to that day does both."""


offer(FundingSummaryQuery, unknown=grants.unknown)


class SummaryKey(Schema):
    """What the grants of a line have in common."""

    by: GroupBy = Field(examples=["region"])
    """By what they are grouped."""
    id: str | None = Field(examples=["dk-1085"])
    """The id of the record, or the value itself; null for grants of which it is unknown or that cannot be allocated."""
    name: str | None = Field(examples=["Region Sjælland"])
    """The name of the record, or the value itself; null where the id is."""


class SummaryLine(Sums):
    """The grants that have the same keys and currency."""

    keys: list[SummaryKey]
    """What they have in common, in the order of `group_by`."""
    allocated: bool = Field(examples=[True])
    """Whether all keys are known. What cannot be allocated has lines of its own, for nothing is divided by a guess."""
    inhabitants: Count | None = Field(examples=[838840])
    """How many people live in the municipality, or else in the municipalities of the region: what was last measured by
    `as_of`; null when grouped by neither, and when the population of one is unknown."""
    population_on: Day | None = Field(examples=["2020-07-01"])
    """The day on which they were counted, the earliest where there are several; null when `inhabitants` is."""
    awarded_per_inhabitant: Sum | None = Field(examples=[2.38])
    """`awarded` by `inhabitants`, to two decimals; null when either is unknown."""


class FundingSummary(Schema):
    """Sums and counts of grants, each currency by itself."""

    as_of: Day = Field(examples=["2026-11-22"])
    """The day for which dated values were chosen."""
    areas_as_of: Day = Field(examples=["2027-01-01"])
    """The day whose map of regions and municipalities was used."""
    group_by: list[GroupBy] = Field(examples=[["region", "year"]])
    """By what the grants are grouped."""
    grants: Count = Field(examples=[2])
    """How many grants there are in all; the list of grants with the same filters has as many."""
    totals: list[Sums]
    """The sums of all lines of each currency, in the order of their codes."""
    lines: list[SummaryLine]
    """The grants by key and currency: in Danish order of the names, years ascending; unknown comes last."""


def inhabitants(by: str) -> Subquery:
    """How many people live in each municipality, or in each region of the map, and when they were counted."""
    people = select(
        MunicipalityRow.id.label("place_id"),
        INHABITANTS.label("number"),
        last_counted(MeasurementRow.date_latest).label("counted_on"),
    ).subquery()
    if by == "municipality":
        return people
    every = func.count() == func.count(people.c.number)
    return (
        select(
            MembershipRow.region_id.label("place_id"),
            case((every, func.sum(people.c.number))).label("number"),
            func.min(people.c.counted_on).label("counted_on"),
        )
        .where(people.c.place_id == MembershipRow.record_id, current(MembershipRow, AREAS_AS_OF))
        .group_by(MembershipRow.region_id)
        .subquery()
    )


@lru_cache(maxsize=1000)
def _summary(present: frozenset[str], group_by: tuple[str, ...]) -> Statement:
    filters = {name: where for name, where in grants.filters(FundingSummaryQuery).items() if name in present}
    sought = Sought(grants, filters)
    where = [where.sql(name) for name, where in filters.items() if name not in sought.names]
    line = sums({name: KEYS[name] for name in group_by}, *([*where, *way] for way in sought.ways()))
    figures = [func.sum(line.c[name]).label(name) for name in FIGURES]
    by_currency = select(line.c.currency, *figures).group_by(line.c.currency).subquery()
    told, order = _told(line, group_by)
    summary = {
        "as_of": AS_OF,
        "areas_as_of": AREAS_AS_OF,
        "group_by": func.json_build_array(*(literal_column(f"'{name}'") for name in group_by)),
        "grants": select(func.coalesce(func.sum(line.c.grants), 0)).scalar_subquery(),
        "totals": many(Sums, by_currency, order=[by_currency.c.currency]),
        "lines": many(SummaryLine, told, order=order),
    }
    text = cast(json_object(summary), Text).label("summary")
    return Statement(select(text, *absences(filters)), planned_once=not present)


def _told(line: CTE, group_by: tuple[str, ...]) -> tuple[Subquery, list[ColumnElement[Any]]]:
    """The lines with what they are called and who lives there, and their order."""
    source: FromClause = line
    keys, sorts = [], []
    for name in group_by:
        id = cast(line.c[name], Text)
        called, sort = id, line.c[name] if name == "year" else func.danish_order(id).collate("C")
        if row := KEYS[name].names:
            record: Any = aliased(row)
            source = source.outerjoin(record, record.id == id)
            called, sort = record.name, record.sort_name
        keys.append(json_object({"by": literal_column(f"'{name}'"), "id": id, "name": called}))
        sorts += [sort.label(f"sort_{name}"), id.label(f"id_{name}")]
    number: ColumnElement[Any] = null()
    counted_on: ColumnElement[Any] = null()
    if area := next((name for name in ("municipality", "region") if name in group_by), None):
        people = inhabitants(area)
        source = source.outerjoin(people, people.c.place_id == line.c[area])
        number, counted_on = people.c.number, people.c.counted_on
    told = select(
        *(line.c[name] for name in Sums.model_fields),
        func.json_build_array(*keys).label("keys"),
        and_(true(), *(line.c[name].is_not(None) for name in group_by)).label("allocated"),
        number.label("inhabitants"),
        case((number.is_not(None), counted_on)).label("population_on"),
        func.round(line.c.awarded / func.nullif(number, 0), 2).label("awarded_per_inhabitant"),
        *sorts,
    )
    found = told.select_from(source).subquery("told")
    return found, [*(found.c[sort.name] for sort in sorts), found.c.currency]


@router.get("/v1/funding/summary")
async def summarise_funding(query: Annotated[FundingSummaryQuery, Query()], read: Reading) -> Json[FundingSummary]:
    """Sums and counts of the grants that the filters find, by region, municipality, programme, year and more.

    Currencies are never mixed, and what cannot be allocated is told in lines of its own, so that the lines add up.
    """
    as_of = query.as_of or read.today()
    present = query.present()
    days = {"as_of": as_of, "areas_as_of": query.areas_as_of or as_of}
    row = await read.row(_summary(frozenset(present), tuple(query.group_by or ())), present | days)
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, grants.filters(FundingSummaryQuery), row)
    return Json(row["summary"].encode(), headers={"Broen-As-Of": str(as_of)})
