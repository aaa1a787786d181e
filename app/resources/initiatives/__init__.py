"""Initiatives: the programmes, projects and pilots that carry cooperation out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Date, FromClause, Text, any_, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.auth import MaybeSignedIn
from app.resources.funding_programmes import FundingProgrammeRow
from app.resources.goals import GoalRow
from app.resources.initiatives.contacts import CONTACTS
from app.resources.initiatives.shapes import Initiative, InitiativeData, InitiativeKind, InitiativeStatus, Partner
from app.resources.initiatives.tables import (
    ContactRow,
    GoalServedRow,
    InitiativeAreaRow,
    InitiativeRow,
    PartnerRow,
    StageRow,
    TargetGroupRow,
)
from app.resources.municipalities import municipality_points
from app.resources.municipalities.map import lies_in
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.resources.organisations import MemberRow, OrganisationRow
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Condition, Link
from app.rest.money import Amount, Currency
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_id, any_in, any_of, referred
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Count, Day, Id, Page, Ref
from app.rest.sent import Sent
from app.rest.view import begun_by, current, lasts_to, many

__all__ = [
    "InitiativeAreaRow",
    "InitiativeData",
    "InitiativeQuery",
    "InitiativeRow",
    "Partner",
    "PartnerRow",
    "initiatives",
]

Child = aliased(InitiativeRow)
TARGETED_MOST: Final = func.coalesce(TargetGroupRow.persons_max, TargetGroupRow.persons_min)
TARGETED_LEAST: Final = func.coalesce(TargetGroupRow.persons_min, TargetGroupRow.persons_max)


LED: Final = Link(InitiativeRow.id, InitiativeRow.lead_id)
SHARED: Final = Link(PartnerRow.record_id, PartnerRow.organisation_id, all=InitiativeRow.partner_ids)
MEMBERS: Final = select(MemberRow.record_id.label("id"), MemberRow.organisation_id.label("value"))
GOVERNING: Final = select(OrganisationRow.id, OrganisationRow.municipality_id.label("value"))
REGIONS: Final = Link(InitiativeAreaRow.record_id, InitiativeAreaRow.region_id, all=InitiativeRow.area_ids)
MUNICIPALITIES: Final = replace(REGIONS, key=InitiativeAreaRow.municipality_id)


def partner_as(role: str) -> Where:
    """A filter on the partners in a role."""
    return any_of(PartnerRow.organisation_id, only=[PartnerRow.role == role])


def for_goals_of(owner: InstrumentedAttribute[Any]) -> Where:
    """A filter on the agreements or plans whose goals the initiative works for."""
    goals_of = select(GoalRow.id, owner.label("value"))
    return any_in(InitiativeRow.id, owner, Link(GoalServedRow.record_id, GoalServedRow.goal_id, goals_of))


def granted(condition: Callable[[FromClause], Condition]) -> Condition:
    """That a grant for the initiative is so."""
    return referred("grant", "initiative_id", InitiativeRow.id, condition)


def targets(is_so: Condition) -> Condition:
    """That a target group of the initiative is so."""
    return exists().where(TargetGroupRow.record_id == InitiativeRow.id, is_so)


class InitiativeQuery(ListQuery):
    """What the initiatives can be asked."""

    kind: Annotated[list[InitiativeKind] | Absent, any_of(InitiativeRow.kind)] = Field(None, examples=[["project"]])
    """Only initiatives of these kinds."""
    status: Annotated[list[InitiativeStatus] | Absent, any_of(InitiativeRow.status)] = Field(
        None, examples=[["running"]]
    )
    """Only initiatives with one of these statuses."""
    parent: Annotated[list[Id] | Absent, any_of(InitiativeRow.parent_id)] = Field(
        None, examples=[["broen-til-bedre-sundhed"]]
    )
    """Only parts of these initiatives, by id."""
    lead: Annotated[list[Id] | Absent, any_of(InitiativeRow.lead_id)] = Field(None, examples=[["region-sjaelland"]])
    """Only initiatives led by these organisations, by id."""
    lead_partner: Annotated[list[Id] | Absent, partner_as("lead_partner")] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only initiatives of which one of these organisations, by id, is the lead partner."""
    associated_partner: Annotated[list[Id] | Absent, partner_as("associated_partner")] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only initiatives of which one of these organisations, by id, is an associated partner."""
    involves: Annotated[
        list[Id] | Absent,
        any_in(
            InitiativeRow.id,
            PartnerRow.organisation_id,
            LED,
            SHARED,
            replace(LED, via=MEMBERS),
            replace(SHARED, via=MEMBERS),
        ),
    ] = Field(None, examples=[["lolland-kommune"]])
    """Only initiatives that one of these organisations, by id, leads or is a partner of, itself or by way of a
    partnership that it is or was a member of."""
    partner: Annotated[list[Id] | Absent, any_of(PartnerRow.organisation_id)] = Field(
        None, examples=[["region-skaane"]]
    )
    """Only initiatives in which one of these organisations, by id, is a partner itself, not by way of a partnership."""
    region: Annotated[list[Id] | Absent, lies_in(InitiativeRow.id, REGIONS, MUNICIPALITIES)] = Field(
        None, examples=[["dk-oestdanmark"]]
    )
    """Only initiatives that work in one of these regions, by id, as it is on the day asked about, or in a municipality
    or an earlier region that lies in it then."""
    municipality: Annotated[
        list[Id] | Absent,
        any_in(
            InitiativeRow.id,
            InitiativeAreaRow.municipality_id,
            MUNICIPALITIES,
            replace(LED, via=GOVERNING),
            replace(SHARED, via=GOVERNING),
        ),
    ] = Field(None, examples=[["dk-0360"]])
    """Only initiatives that work in one of these municipalities, by id, or that its authority leads or is a partner
    of."""
    goal: Annotated[list[Id] | Absent, any_of(GoalServedRow.goal_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]]
    )
    """Only initiatives that work for one of these goals, by id."""
    agreement: Annotated[list[Id] | Absent, for_goals_of(GoalRow.agreement_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only initiatives that work for a goal of one of these health agreements, by id."""
    plan: Annotated[list[Id] | Absent, for_goals_of(GoalRow.plan_id)] = Field(None, examples=[["sundhed-taet-paa-dig"]])
    """Only initiatives that work for a goal of one of these plans, by id."""
    programme: Annotated[
        list[Id] | Absent,
        any_id(FundingProgrammeRow.id, lambda ids: granted(lambda grant: grant.c.programme_id == any_(ids))),
    ] = Field(None, examples=[["delprogram-oeresund"]])
    """Only initiatives that have a grant, or have applied for one, from one of these programmes, by id."""
    funder: Annotated[
        list[Id] | Absent,
        any_id(OrganisationRow.id, lambda ids: granted(lambda grant: grant.c.funder_id == any_(ids))),
    ] = Field(None, examples=[["sundhedsministeriet"]])
    """Only initiatives that one of these organisations, by id, pays a grant for, or has been asked to."""
    granted_min: Annotated[
        Amount | Absent, Where(lambda amount: granted(lambda grant: grant.c.awarded_amount >= amount))
    ] = Field(None, examples=[50000])
    """Only initiatives with a grant of at least this amount, in its own currency."""
    granted_max: Annotated[
        Amount | Absent, Where(lambda amount: granted(lambda grant: grant.c.awarded_amount <= amount))
    ] = Field(None, examples=[2000000])
    """Only initiatives with a grant of at most this amount, in its own currency."""
    grant_currency: Annotated[
        list[Currency] | Absent,
        Where(lambda these: granted(lambda grant: grant.c.awarded_currency == any_(these)), ARRAY(Text)),
    ] = Field(None, examples=[["EUR"]])
    """Only initiatives with a grant in one of these currencies."""
    funded: Annotated[
        bool | Absent, Where(lambda yes: yes == granted(lambda grant: grant.c.awarded_amount.is_not(None)))
    ] = Field(None, examples=[True])
    """Only initiatives with a grant whose award is known, or only those without."""
    persons_min: Annotated[Count | Absent, Where(lambda n: targets(n <= TARGETED_MOST))] = Field(None, examples=[1000])
    """Only initiatives with a target group that may be at least so many persons."""
    persons_max: Annotated[Count | Absent, Where(lambda n: targets(n >= TARGETED_LEAST))] = Field(None, examples=[2000])
    """Only initiatives with a target group that may be at most so many persons."""
    active: Annotated[bool | Absent, Where(lambda yes: current(InitiativeRow) == yes)] = Field(None, examples=[True])
    """Only initiatives that are known to be under way on the day asked about, or known not to be; whose
    period is unknown is in neither answer."""
    active_from: Annotated[Day | Absent, Where(lambda day: lasts_to(InitiativeRow.period, day))] = Field(
        None, examples=["2013-01-01"]
    )
    """Only initiatives not known to have ended by this day; with `active_to` those active in a period. Whose own period
    is unknown is left out."""
    active_to: Annotated[Day | Absent, Where(lambda day: begun_by(InitiativeRow.period, day))] = Field(
        None, examples=["2014-12-31"]
    )
    """Only initiatives not known to begin after this day."""
    budget_currency: Annotated[list[Currency] | Absent, any_of(InitiativeRow.budget_currency)] = Field(
        None, examples=[["EUR"]]
    )
    """Only initiatives whose budget is in these currencies."""
    budget_min: Annotated[Amount | Absent, Where(lambda amount: InitiativeRow.budget_amount >= amount)] = Field(
        None, examples=[100000]
    )
    """Only initiatives with at least this budget, in its own currency."""
    budget_max: Annotated[Amount | Absent, Where(lambda amount: InitiativeRow.budget_amount <= amount)] = Field(
        None, examples=[2000000]
    )
    """Only initiatives with at most this budget, in its own currency."""
    sort: Annotated[
        Literal["title", "-title", "start", "-start", "budget", "-budget"],
        Sorts(
            title=InitiativeRow.sort_title,
            start=func.lower(InitiativeRow.period, type_=Date),
            budget=InitiativeRow.budget_amount,
        ),
    ] = Field("title", examples=["-start"])
    """What to sort by; with `-` in front, from the last to the first. Titles in Danish order; unknown comes last."""


initiatives = Resource(
    name="initiatives",
    about="*Indsatser*: programmes, projects, pre-projects (*forprojekter*) and pilots.",
    example="primaere-sundhedstjenester-oeresund",
    public=Initiative,
    data=InitiativeData,
    row=InitiativeRow,
    query=InitiativeQuery,
    parts={
        "partners": PartnerRow,
        "areas": InitiativeAreaRow,
        "goals": GoalServedRow,
        "target_groups": TargetGroupRow,
        "stages": StageRow,
        "contacts": ContactRow,
    },
    computed={
        "children": many(Ref, Child, Child.parent_id == InitiativeRow.id, order=[Child.id], name=Child.title),
        "contacts": CONTACTS,
    },
    on_the_map=True,
    geometry=municipality_points(
        InitiativeAreaRow.record_id == InitiativeRow.id,
        (InitiativeAreaRow.municipality_id == MunicipalityRow.id)
        | exists().where(
            MembershipRow.record_id == MunicipalityRow.id,
            MembershipRow.region_id == InitiativeAreaRow.region_id,
            current(MembershipRow),
        ),
    ),
)


@initiatives.router.get("")
async def list_initiatives(query: Annotated[InitiativeQuery, Query()], read: Reading) -> Json[Page[Initiative]]:
    """Initiatives, in Danish order of their titles unless asked otherwise."""
    return await initiatives.page(read, query)


@initiatives.router.get("/{id}")
async def get_initiative(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Initiative]:
    """One initiative, with its partners, areas, target groups, stages and parts."""
    return await initiatives.one(read, id, query)


@initiatives.router.get("/{id}/history")
async def initiative_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote an initiative when and why, and what became different each time."""
    return await initiatives.history(read, id, query, caller)


@initiatives.router.post("", status_code=201)
async def create_initiative(write: Writing, body: Sent[InitiativeData]) -> Json[Initiative]:
    """Add an initiative; its id is made from its title unless the body chooses one."""
    return await initiatives.create(write, body)


@initiatives.router.put("/{id}")
async def replace_initiative(id: RecordId, write: Writing, body: Sent[InitiativeData]) -> Json[Initiative]:
    """Make an initiative be what the body says, or create it under this id."""
    return await initiatives.replace(write, id, body)


@initiatives.router.patch("/{id}")
async def patch_initiative(id: RecordId, write: Writing, body: Sent[InitiativeData]) -> Json[Initiative]:
    """Change what the body names of an initiative, and nothing else."""
    return await initiatives.patch(write, id, body)


@initiatives.router.delete("/{id}", status_code=204)
async def delete_initiative(id: RecordId, write: Deleting) -> Response:
    """Delete an initiative that no other record refers to."""
    return await initiatives.delete(write, id)


@initiatives.router.post("/{id}/restore")
async def restore_initiative(id: RecordId, write: Writing) -> Json[Initiative]:
    """Bring back a deleted initiative as it last was."""
    return await initiatives.restore(write, id)
