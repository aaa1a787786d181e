"""Coverage: which municipalities a health agreement in force binds, on a day or all through a period."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import (
    ColumnElement,
    Date,
    ScalarSelect,
    Subquery,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, DATERANGE, aggregate_order_by
from typing_extensions import TypeAliasType

from app.errors import BadParameters, bad_parameter
from app.insights.binding import BINDING
from app.resources.health_agreements.shapes import Decision
from app.resources.municipalities.map import ON_THE_MAP
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.resources.regions import Country, RegionRow
from app.rest.dates import Period
from app.rest.export.answer import Listing
from app.rest.export.formats import JSON, VARY, XLSX, FormatQuery, choose
from app.rest.missing import absences, refuse_absent, refuse_unknown
from app.rest.one_of import offer
from app.rest.paging import all_of
from app.rest.query import Question, Where, any_of
from app.rest.reading import Reading, Statement
from app.rest.response import Json
from app.rest.schema import Absent, Count, Day, Id, Ref, Schema
from app.rest.schema import Text as Words
from app.rest.view import current, json_object, one

CoverageState = TypeAliasType(
    "CoverageState",
    Annotated[
        Literal["covered", "partly", "uncovered", "doubly", "unknown"],
        Field(
            description="""- `covered`: one agreement at a time, all through the period
- `partly`: in a part of the period only
- `uncovered`: no agreement that the register knows of binds it in the period
- `doubly`: two agreements at once on some day of the period
- `unknown`: none is known to be in force, but one binds it that may be"""
        ),
    ],
)


class Covering(Schema):
    """A statutory health agreement that binds a municipality, and the municipality's own answer to it."""

    id: Id = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """The permanent id of the agreement."""
    title: Words = Field(examples=["Sundhedsaftalen 2019-2023"])
    """Its title, in Danish."""
    legal_basis: Words | None = Field(examples=["Sundhedsloven § 205"])
    """The law that it rests on; null when unknown."""
    period: Period | None
    """When it is in effect; null when unknown."""
    decision: Decision | None = Field(examples=["adopted"])
    """What the municipality's council decided about it; null when unknown."""
    decided_on: Day | None = Field(examples=["2019-06-18"])
    """The day of the decision; null when unknown or when there is none yet."""
    deadline: Day | None = Field(examples=["2019-06-24"])
    """The last day for an answer; null when unknown."""


class Covered(Schema):
    """Whether health agreements in force bind a municipality."""

    municipality: Ref
    """The municipality."""
    region: Ref
    """The region that it belongs to on the day asked about."""
    state: CoverageState = Field(examples=["covered"])
    """How it is covered in the period."""
    agreements: list[Covering]
    """The agreements in force that bind it on some day of the period, the earliest first."""
    unknown: list[Covering]
    """The agreements that bind it and may be in force on other days of the period: their period is unknown; or their
    start is, in the first year that their title names; or their end is, once the period of their title is over."""
    gaps: list[Period]
    """The parts of the period in which it belongs to a region and no agreement known to be in force binds it."""


class CoverageCounts(Schema):
    """How many municipalities are covered in which way."""

    covered: Count = Field(examples=[50])
    """By one agreement at a time, all through the period."""
    partly: Count = Field(examples=[0])
    """In a part of the period only."""
    uncovered: Count = Field(examples=[19])
    """By none that the register knows of."""
    doubly: Count = Field(examples=[0])
    """By two at once on some day of the period."""
    unknown: Count = Field(examples=[29])
    """By none that is known to be in force, but bound by one that may be."""


class Coverage(Schema):
    """Which municipalities health agreements in force bind."""

    items: list[Covered]
    """The municipalities that belong to a region on the day asked about and in the period, in Danish order."""
    counts: CoverageCounts
    """How many of them there are in each state."""
    period: Period
    """The period for which coverage was asked."""
    as_of: Day = Field(examples=["2026-11-22"])
    """The day on whose map the municipalities and their regions are."""


START, END = bindparam("start", type_=Date()), bindparam("end", type_=Date())
ASKED: Final = func.daterange(START, END, type_=DATERANGE())


def _days(period: ColumnElement[Any]) -> ColumnElement[Any]:
    """A period as a set of days; none when it is null."""
    return func.coalesce(func.datemultirange(period), func.datemultirange(), type_=DATEMULTIRANGE())


def _length(days: ColumnElement[Any]) -> ScalarSelect[Any]:
    """How many days are in a set of them."""
    span = func.unnest(days).column_valued("span")
    return select(func.coalesce(func.sum(func.upper(span) - func.lower(span)), 0)).scalar_subquery()


BELONGS = (
    select(
        MembershipRow.record_id,
        _days(ASKED).intersection(func.range_agg(MembershipRow.period, type_=DATEMULTIRANGE())).label("asked"),
    )
    .where(MembershipRow.period.overlaps(ASKED))
    .group_by(MembershipRow.record_id)
    .subquery("belongs")
)
"""The days of the period on which each municipality belongs to a region, of those that do on any."""


def _bound() -> Subquery:
    """What binds each municipality: the agreements in force in the period, those that may be besides, and when."""
    period, asked = BINDING.c.period, BELONGS.c.asked
    held, possible = _days(BINDING.c.known).intersection(asked), _days(BINDING.c.possible).intersection(asked)
    there = ~func.isempty(held)
    whole = json_object({"start": func.lower(period), "end": func.upper(period)})
    item = {name: BINDING.c[name] for name in Covering.model_fields} | {"period": case((period.is_not(None), whole))}
    agreement = func.json_agg(
        aggregate_order_by(json_object(item), BINDING.c.possible, BINDING.c.id), type_=postgresql.JSON()
    )
    return (
        select(
            BINDING.c.municipality_id,
            agreement.filter(there).label("agreements"),
            agreement.filter(~func.isempty(possible - held)).label("unknown"),
            func.range_agg(held, type_=DATEMULTIRANGE()).filter(there).label("days"),
            func.sum(_length(held)).label("length"),
        )
        .join(BELONGS, BELONGS.c.record_id == BINDING.c.municipality_id)
        .group_by(BINDING.c.municipality_id)
        .subquery("bound")
    )


BOUND = _bound()
OPEN = BELONGS.c.asked - func.coalesce(BOUND.c.days, func.datemultirange(), type_=DATEMULTIRANGE())
GAP = func.unnest(OPEN).column_valued("gap")
BOUNDS = json_object({"start": func.lower(GAP), "end": func.upper(GAP)})
GAPS = select(func.json_agg(aggregate_order_by(BOUNDS, GAP), type_=postgresql.JSON())).scalar_subquery()
STATE = case(
    (BOUND.c.length > _length(BOUND.c.days), "doubly"),
    (func.isempty(OPEN), "covered"),
    (BOUND.c.days.is_not(None), "partly"),
    (BOUND.c.unknown.is_not(None), "unknown"),
    else_="uncovered",
)
"""The state; agreements that together last longer than what they cover are in force at once."""


class CoverageQuery(Question, FormatQuery):
    """What can be asked about coverage."""

    from_: Day | Absent = Field(None, alias="from", examples=["2026-01-01"])
    """The first day of a period to look at; the day asked about when left out."""
    to: Day | Absent = Field(None, examples=["2040-01-01"])
    """The first day after the period (exclusive); the day after the one asked about when left out."""
    region: Annotated[list[Id] | Absent, any_of(MembershipRow.region_id, only=[current(MembershipRow)])] = Field(
        None, examples=[["dk-1085"]]
    )
    """Only municipalities that belong to these regions, by id, on the day asked about."""
    municipality: Annotated[list[Id] | Absent, any_of(MunicipalityRow.id)] = Field(None, examples=[["dk-0360"]])
    """Only these municipalities, by id."""
    country: Annotated[list[Country] | Absent, any_of(MunicipalityRow.country)] = Field(None, examples=[["DK"]])
    """Only municipalities of these countries. Those of Denmark when neither this nor a region or a municipality is
    given: Swedish ones have no such agreements."""
    state: Annotated[list[CoverageState] | Absent, any_of(STATE)] = Field(None, examples=[["uncovered"]])
    """Only municipalities that are covered in one of these ways."""


coverage: Final = Listing("coverage", Covered)
offer(CoverageQuery, format=[format.name for format in coverage.formats])
router: Final = APIRouter(prefix=coverage.path, tags=["insights"])


@router.get("")
async def get_coverage(query: Annotated[CoverageQuery, Query()], read: Reading) -> Json[Coverage]:
    """Which municipalities a statutory health agreement in force binds (Sundhedsloven § 205), and which none does.

    It is in force when the day, or some day of the period, lies in its period, extensions included. An agreement whose
    period is unknown covers nobody, and is named; so is one whose start is unknown in the first year of its title, and
    one whose end is unknown once the period of its title is over. Only days on which a municipality belongs to a region
    count.
    """
    format = choose(query, coverage.formats, coverage.columns)
    as_of = query.as_of or read.today()
    start, end = query.from_ or as_of, query.to or as_of + timedelta(days=1)
    if start >= end:
        left_out = next((name for name, day in (("from", query.from_), ("to", query.to)) if day is None), None)
        by_the_day = f"; `{left_out}` was left out, and goes by the day asked about, {as_of}" if left_out else ""
        fault = f"The period must end after it starts; {end} is not after {start}{by_the_day}"
        raise BadParameters(faults=[bad_parameter("from" if query.from_ else "to", fault)])
    present = query.present()
    if not present.keys() & {"region", "municipality", "country"}:
        present["country"] = ["DK"]
    values = present | {"as_of": as_of, "start": start, "end": end}
    if format is not JSON:
        await refuse_absent(read, {n: w for n, w in CoverageQuery.filters().items() if n in present}, present)
        return coverage.whole(read, query, format, as_of, _all(frozenset(present), counted=format is XLSX), values)
    row = await read.row(_coverage(frozenset(present)), values)
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, CoverageQuery.filters(), row)
    return Json(row["body"].encode(), headers={"Broen-As-Of": str(as_of), **VARY})


def _found(filters: Mapping[str, Where]) -> Subquery:
    """The municipalities that are asked for, and how each is covered."""
    item = {
        "municipality": json_object({"id": MunicipalityRow.id, "name": MunicipalityRow.name}),
        "region": one(
            Ref,
            RegionRow,
            RegionRow.id == MembershipRow.region_id,
            MembershipRow.record_id == MunicipalityRow.id,
            current(MembershipRow),
        ),
        "state": STATE,
        "agreements": _array(BOUND.c.agreements),
        "unknown": _array(BOUND.c.unknown),
        "gaps": _array(GAPS),
    }
    return (
        select(json_object(item).label("item"), STATE.label("state"), MunicipalityRow.sort_name, MunicipalityRow.id)
        .select_from(MunicipalityRow)
        .join(BELONGS, BELONGS.c.record_id == MunicipalityRow.id)
        .outerjoin(BOUND, BOUND.c.municipality_id == MunicipalityRow.id)
        .where(ON_THE_MAP, *(where.sql(name) for name, where in filters.items()))
        .subquery("found")
    )


@lru_cache(maxsize=50)
def _all(present: frozenset[str], *, counted: bool) -> Statement:
    found = _found({name: where for name, where in CoverageQuery.filters().items() if name in present})
    rows = select().select_from(found)
    return Statement(all_of(rows, found.c.item, found.c.id, found.c.sort_name, last_first=False, counted=counted))


@lru_cache(maxsize=50)
def _coverage(present: frozenset[str]) -> Statement:
    filters = {name: where for name, where in CoverageQuery.filters().items() if name in present}
    found = _found(filters)
    by_name = aggregate_order_by(found.c.item, found.c.sort_name, found.c.id)
    whole = {
        "items": _array(func.json_agg(by_name, type_=postgresql.JSON())),
        "counts": json_object(
            {state: func.count().filter(found.c.state == state) for state in CoverageCounts.model_fields}
        ),
        "period": json_object({"start": START, "end": END}),
        "as_of": bindparam("as_of", type_=Date()),
    }
    body = cast(json_object(whole), Text).label("body")
    return Statement(select(body, *absences(filters)), planned_once=True)


def _array(found: ColumnElement[Any]) -> ColumnElement[Any]:
    """An array, which is empty rather than null."""
    return func.coalesce(found, literal_column("'[]'::json"), type_=postgresql.JSON())
