"""Plans: health plans, local health plans and strategies, with their principles and how they came about."""

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Date, func, select

from app.auth import MaybeSignedIn
from app.resources.municipalities.map import lies_in
from app.resources.organisations import GOVERNED, OrganisationRow
from app.resources.plans.shapes import Plan, PlanData, PlanKind, PlanMilestoneKind
from app.resources.plans.tables import AdviceRow, FocusAreaRow, PlanMilestoneRow, PlanRow, PrincipleRow
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Link
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Id, Page
from app.rest.sent import Sent
from app.rest.versions import Diff, DiffQuery, diff
from app.rest.view import current, latest_by

STATUS = latest_by(
    PlanMilestoneRow, PlanMilestoneRow.kind, PlanMilestoneRow.date_latest, PlanMilestoneRow.announced.is_(False)
)
ADVISED = (
    select(func.min(AdviceRow.obtained_on) <= func.min(PlanMilestoneRow.date_earliest))
    .where(
        AdviceRow.record_id == PlanRow.id,
        PlanMilestoneRow.record_id == PlanRow.id,
        PlanMilestoneRow.kind == "adopted",
        PlanMilestoneRow.announced.is_(False),
    )
    .correlate(PlanRow)
    .scalar_subquery()
)


OWNER = (
    select(PlanRow.id, GOVERNED.label("area")).join(OrganisationRow, OrganisationRow.id == PlanRow.organisation_id)
).subquery()


class PlanQuery(ListQuery):
    """What the plans can be asked."""

    kind: Annotated[list[PlanKind] | Absent, any_of(PlanRow.kind)] = Field(None, examples=[["strategy"]])
    """Only plans of these kinds."""
    organisation: Annotated[list[Id] | Absent, any_of(PlanRow.organisation_id)] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only plans of these organisations, by id."""
    region: Annotated[list[Id] | Absent, lies_in(PlanRow.id, Link(OWNER.c.id, OWNER.c.area))] = Field(
        None, examples=[["dk-oestdanmark"]]
    )
    """Only plans of authorities whose area is one of these regions, by id, or lies in one on the day asked about."""
    active: Annotated[bool | Absent, Where(lambda yes: current(PlanRow) == yes)] = Field(None, examples=[True])
    """Only plans that are known to apply on the day asked about, or known not to; whose period is unknown is in neither
    answer."""
    status: Annotated[list[PlanMilestoneKind] | Absent, any_of(STATUS)] = Field(None, examples=[["adopted"]])
    """Only plans whose latest milestone taken by the day asked about is one of these."""
    advised_before_adoption: Annotated[bool | Absent, Where(lambda yes: yes == ADVISED)] = Field(None, examples=[True])
    """Only plans on which the authority's advice is known to have come before the adoption, or known not to."""
    sort: Annotated[
        Literal["title", "-title", "start", "-start"],
        Sorts(title=PlanRow.sort_title, start=func.lower(PlanRow.period, type_=Date)),
    ] = Field("title", examples=["-start"])
    """What to sort by; with `-` in front, from the last to the first. Titles in Danish order; unknown comes last."""


plans = Resource(
    name="plans",
    about="*Sundhedsplaner*, *nærsundhedsplaner* and *strategier*: what authorities intend.",
    example="sundhed-taet-paa-dig",
    public=Plan,
    data=PlanData,
    row=PlanRow,
    query=PlanQuery,
    parts={
        "principles": PrincipleRow,
        "focus_areas": FocusAreaRow,
        "milestones": PlanMilestoneRow,
        "advice": AdviceRow,
    },
    computed={
        "status": STATUS,
        "advised_before_adoption": ADVISED,
    },
)


@plans.router.get("")
async def list_plans(query: Annotated[PlanQuery, Query()], read: Reading) -> Json[Page[Plan]]:
    """Plans, in Danish order of their titles unless asked otherwise."""
    return await plans.page(read, query)


@plans.router.get("/{id}")
async def get_plan(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Plan]:
    """One plan, with its principles, its focus areas and how it came about."""
    return await plans.one(read, id, query)


@plans.router.get("/{id}/diff")
async def diff_plan(id: RecordId, query: Annotated[DiffQuery, Query()], read: Reading) -> Json[Diff]:
    """What changed between two versions of a plan, field by field."""
    return await diff(read, plans, id, query)


@plans.router.get("/{id}/history")
async def plan_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a plan when and why, and what became different each time."""
    return await plans.history(read, id, query, caller)


@plans.router.post("", status_code=201)
async def create_plan(write: Writing, body: Sent[PlanData]) -> Json[Plan]:
    """Add a plan; its id is made from its title unless the body chooses one."""
    return await plans.create(write, body)


@plans.router.put("/{id}")
async def replace_plan(id: RecordId, write: Writing, body: Sent[PlanData]) -> Json[Plan]:
    """Make a plan be what the body says, or create it under this id."""
    return await plans.replace(write, id, body)


@plans.router.patch("/{id}")
async def patch_plan(id: RecordId, write: Writing, body: Sent[PlanData]) -> Json[Plan]:
    """Change what the body names of a plan, and nothing else."""
    return await plans.patch(write, id, body)


@plans.router.delete("/{id}", status_code=204)
async def delete_plan(id: RecordId, write: Deleting) -> Response:
    """Delete a plan that no other record refers to."""
    return await plans.delete(write, id)


@plans.router.post("/{id}/restore")
async def restore_plan(id: RecordId, write: Writing) -> Json[Plan]:
    """Bring back a deleted plan as it last was."""
    return await plans.restore(write, id)
