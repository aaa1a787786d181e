"""What passes to a region from those that it comes from: agreements, grants, duties, and what ends with them."""

from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Text,
    all_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by
from sqlalchemy.orm import aliased

from app.insights.inheritance.shapes import (
    EndingOffice,
    Inheritance,
    Inherited,
    InheritedAgreement,
    InheritedDuty,
    Passing,
)
from app.resources.area_changes import AreaAfterRow, AreaBeforeRow, AreaChangeRow, area_changes
from app.resources.grants import AccountRow, GrantRow, RecipientRow, ReportRow, grants
from app.resources.health_agreements import HealthAgreementRow, health_agreements
from app.resources.health_agreements.course import in_force, possible_days
from app.resources.initiatives import InitiativeRow, PartnerRow, initiatives
from app.resources.organisations import MemberRow, OfficeRow, OrganisationRow, PredecessorRow, organisations
from app.resources.regions import RegionRow, regions
from app.rest.missing import missing
from app.rest.query import Moment, RecordId
from app.rest.reading import Reading, Statement
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Schema
from app.rest.view import AS_OF, Computed, columns, current, json_object, many

router: Final = APIRouter(tags=["insights"])
ID: Final = bindparam("id", type_=Text())
SETTLED: Final = ("closed", "rejected", "withdrawn")
"""The statuses of grants that nobody owes anything for."""
OVER: Final = ("completed", "cancelled")
"""The statuses of initiatives that are not carried on."""
SEATED: Final = ("committee", "council", "cluster")
"""The kinds of organisations that may be a region's own bodies, as the members tell."""
KNOWN_ON: Final = func.least(AS_OF, AreaChangeRow.effective_on - 1, type_=Date())
"""The day on which things are told as they are: the day asked about, or the eve of the change when that has come."""


@router.get("/v1/regions/{id}/inheritance")
async def get_inheritance(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Inheritance]:
    """What passes to a region from those that it comes from, and by which act: agreements, grants, duties and more.

    Before the change it tells how things stand on the day asked about, and afterwards how they stood on its eve.
    """
    as_of = query.as_of or read.today()
    row = await read.row(_inheritance(), {"id": id, "as_of": as_of})
    if row is None:
        raise await missing(read, regions, id)
    return Json(row["inheritance"].encode(), headers={"Broen-As-Of": str(as_of)})


@cache
def _inheritance() -> Statement:
    passing = _passing()
    authority = _authorities(passing)
    body = _bodies(passing, authority)
    given = _grants(authority)
    changes = many(
        Passing,
        AreaChangeRow,
        AreaChangeRow.id.in_(select(passing.c.change_id)),
        order=[AreaChangeRow.effective_on, AreaChangeRow.id],
        name=AreaChangeRow.title,
        path=_path(area_changes, AreaChangeRow.id),
        known_on=KNOWN_ON,
        predecessors=_counted(Inherited, _records(regions, passing).where(RegionRow.id == passing.c.region_id)),
        agreements=_counted(InheritedAgreement, _agreements(passing)),
        grants=_counted(Inherited, select(given)),
        duties=_counted(InheritedDuty, _duties(given)),
        initiatives=_counted(Inherited, _initiatives(authority)),
        bodies=_counted(Inherited, _records(organisations, body).where(OrganisationRow.id == body.c.id, _lasts(body))),
        offices=_counted(EndingOffice, _offices(union(select(authority), select(body)).subquery())),
    )
    region = json_object({"id": RegionRow.id, "name": RegionRow.name})
    whole = cast(json_object({"as_of": AS_OF, "region": region, "changes": changes}), Text)
    return Statement(select(whole.label("inheritance")).where(RegionRow.id == ID), planned_once=True)


def _passing() -> CTE:
    """The regions that end with a change by which the region is made: by what change, and on what day they are seen."""
    goes_on = aliased(AreaAfterRow)
    return (
        select(AreaChangeRow.id.label("change_id"), AreaBeforeRow.region_id, KNOWN_ON.label("day"))
        .join(AreaBeforeRow, AreaBeforeRow.record_id == AreaChangeRow.id)
        .join(AreaAfterRow, AreaAfterRow.record_id == AreaChangeRow.id)
        .where(AreaAfterRow.region_id == ID, AreaBeforeRow.region_id != ID)
        .where(~exists().where(goes_on.record_id == AreaChangeRow.id, goes_on.region_id == AreaBeforeRow.region_id))
        .distinct()
        .cte("passing")
    )


def _authorities(passing: CTE) -> CTE:
    """The organisations that govern these regions."""
    found = select(passing.c.change_id, passing.c.day, OrganisationRow.id)
    return found.where(OrganisationRow.region_id == passing.c.region_id).cte("authority")


def _bodies(passing: CTE, authority: CTE) -> CTE:
    """The bodies that are these regions' alone, whether they have ended or not."""
    drafted = select(passing.c.change_id, passing.c.day, HealthAgreementRow.drafted_by_id.label("id")).where(
        HealthAgreementRow.region_id == passing.c.region_id, HealthAgreementRow.drafted_by_id.is_not(None)
    )
    other, elsewhere = aliased(MemberRow), aliased(OrganisationRow)
    theirs = select(passing.c.region_id).where(passing.c.change_id == authority.c.change_id).correlate(authority)
    shared = exists().where(
        other.record_id == MemberRow.record_id,
        elsewhere.id == other.organisation_id,
        elsewhere.region_id.is_not(None),
        elsewhere.region_id.not_in(theirs),
    )
    seated = (
        select(authority.c.change_id, authority.c.day, MemberRow.record_id)
        .join(MemberRow, MemberRow.organisation_id == authority.c.id)
        .join(OrganisationRow, OrganisationRow.id == MemberRow.record_id)
        .where(OrganisationRow.kind == any_(literal(SEATED, ARRAY(Text))), ~shared)
    )
    body = select(union(drafted, seated).subquery()).cte("body", recursive=True)
    followers = select(body.c.change_id, body.c.day, PredecessorRow.record_id)
    followers = followers.join(PredecessorRow, PredecessorRow.organisation_id == body.c.id)
    return body.union(followers.where(func.coalesce(PredecessorRow.since <= body.c.day, true())))


def _agreements(passing: CTE) -> Select[Any]:
    """The agreements of these regions that are not known to be over, or yet to begin."""
    agreement, day, amended = HealthAgreementRow, passing.c.day, aliased(HealthAgreementRow)
    orphaned = exists().where(amended.id == agreement.amends_id, func.upper(possible_days(amended), type_=Date) <= day)
    found = _records(health_agreements, passing).add_columns(in_force(agreement, day).label("in_force"))
    return found.where(agreement.region_id == passing.c.region_id, possible_days(agreement).contains(day), ~orphaned)


def _grants(authority: CTE) -> CTE:
    """The grants that these authorities receive and that are not settled."""
    open_still = func.coalesce(GrantRow.status != all_(literal(SETTLED, ARRAY(Text))), true())
    found = _records(grants, authority).add_columns(authority.c.day)
    found = found.where(RecipientRow.record_id == GrantRow.id, RecipientRow.organisation_id == authority.c.id)
    return found.where(open_still).cte("given")


def _duties(given: CTE) -> Select[Any]:
    """The accounts and reports of these grants that are not known to have been delivered."""

    def owed(row: Any, kind: str, title: ColumnElement[Any]) -> Select[Any]:
        found = select(
            given.c.change_id,
            given.c.id,
            given.c.name,
            given.c.path,
            given.c.sort,
            literal_column(f"'{kind}'").label("kind"),
            title.label("title"),
            row.due_on,
            row.position,
        )
        return found.where(row.record_id == given.c.id, func.coalesce(row.delivered_on > given.c.day, true()))

    accounts = owed(AccountRow, "account", cast(null(), Text))
    reports = owed(ReportRow, "report", ReportRow.__table__.c.title)
    return select(union_all(accounts, reports).subquery())


def _initiatives(authority: CTE) -> Select[Any]:
    """The initiatives that these authorities lead or are partners in, and that are not known to be over."""
    found = select(authority.c.change_id, authority.c.day)
    led = found.add_columns(InitiativeRow.id).where(InitiativeRow.lead_id == authority.c.id)
    shared = found.add_columns(PartnerRow.record_id).where(
        PartnerRow.organisation_id == authority.c.id, _not_over(PartnerRow, authority.c.day)
    )
    carried = union(led, shared).subquery()
    carried_on = func.coalesce(InitiativeRow.status != all_(literal(OVER, ARRAY(Text))), true())
    return _records(initiatives, carried).where(
        InitiativeRow.id == carried.c.id, carried_on, _not_over(InitiativeRow, carried.c.day)
    )


def _offices(ending: FromClause) -> Select[Any]:
    """The offices in these organisations that are not known to have ended before."""
    found = _records(organisations, ending).add_columns(OfficeRow.title)
    return found.where(
        OrganisationRow.id == ending.c.id,
        OfficeRow.record_id == OrganisationRow.id,
        _lasts(ending),
        func.coalesce(current(OfficeRow, ending.c.day), true()),
    )


def _records(resource: Resource[Any, Any], over: FromClause) -> Select[Any]:
    """Records of a resource beside each row of what they are found by; each once for a change."""
    table = resource.table.c
    name, sort = (table.name, table.sort_name) if "name" in table else (table.title, table.sort_title)
    path = _path(resource, table.id).label("path")
    found = select(over.c.change_id, table.id, name.label("name"), path, sort.label("sort"))
    return found.distinct()


def _path(resource: Resource[Any, Any], id: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The path of a record below /v1."""
    return literal(f"{resource.name}/", Text) + id


def _counted(shape: type[Schema], rows: Select[Any]) -> ScalarSelect[Any]:
    """The rows of a change as a list in Danish order, and how long it is."""
    found = rows.subquery()
    further = [found.c[name] for name in ("due_on", "kind", "title") if name in found.c]
    value = json_object(columns(shape, found, {}, {}))
    items = func.json_agg(aggregate_order_by(value, found.c.sort, found.c.id, *further), type_=JSON())
    whole: Computed = {"count": func.count(), "items": func.coalesce(items, literal_column("'[]'::json"), type_=JSON())}
    return select(json_object(whole)).where(found.c.change_id == AreaChangeRow.id).scalar_subquery()


def _not_over(row: Any, day: ColumnElement[Any]) -> ColumnElement[bool]:
    """That the period of a row is not known to have ended by a day."""
    return func.coalesce(func.upper(row.period, type_=Date) > day, true())


def _lasts(ending: FromClause) -> ColumnElement[bool]:
    """That an organisation is there on the day, as far as is known."""
    return func.coalesce(current(OrganisationRow, ending.c.day), true())
