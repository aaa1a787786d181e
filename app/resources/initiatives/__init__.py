"""Initiatives: the programmes, projects and pilots that carry cooperation out."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy import Date, func
from sqlalchemy.orm import aliased

from app.resources.initiatives.shapes import Initiative, InitiativeData, InitiativeKind, InitiativeStatus
from app.resources.initiatives.tables import (
    ContactRow,
    GoalServedRow,
    InitiativeAreaRow,
    InitiativeRow,
    PartnerRow,
    StageRow,
    TargetGroupRow,
)
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Amount, Currency, Id, Page, Ref
from app.rest.view import current, many

__all__ = ["InitiativeData", "InitiativeRow", "initiatives"]

Child = aliased(InitiativeRow)


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
    partner: Annotated[list[Id] | Absent, any_of(PartnerRow.organisation_id)] = Field(
        None, examples=[["region-skaane"]]
    )
    """Only initiatives in which one of these organisations, by id, is a partner itself, not by way of a partnership."""
    region: Annotated[list[Id] | Absent, any_of(InitiativeAreaRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only initiatives said to work in one of these regions as a whole, by id; for parts of it ask by municipality."""
    municipality: Annotated[list[Id] | Absent, any_of(InitiativeAreaRow.municipality_id)] = Field(
        None, examples=[["dk-0360"]]
    )
    """Only initiatives that work in one of these municipalities, by id."""
    goal: Annotated[list[Id] | Absent, any_of(GoalServedRow.goal_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]]
    )
    """Only initiatives that work for one of these goals, by id."""
    active: Annotated[bool | Absent, Where(lambda yes: current(InitiativeRow) == yes)] = Field(None, examples=[True])
    """Only initiatives that are known to be under way on the day asked about, or known not to be; whose
    period is unknown is in neither answer."""
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
    computed={"children": many(Ref, Child, Child.parent_id == InitiativeRow.id, order=[Child.id], name=Child.title)},
)


@initiatives.router.get("")
async def list_initiatives(query: Annotated[InitiativeQuery, Query()], read: Reading) -> Json[Page[Initiative]]:
    """Initiatives, in Danish order of their titles unless asked otherwise."""
    return await initiatives.page(read, query)


@initiatives.router.get("/{id}")
async def get_initiative(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Initiative]:
    """One initiative, with its partners, areas, target groups, stages and parts."""
    return await initiatives.one(read, id, query)
