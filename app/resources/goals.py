"""Goals: what an agreement or a plan is to achieve."""

from typing import Annotated, ClassVar, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, model_validator
from sqlalchemy import select, true
from sqlalchemy.orm import Mapped, aliased

from app.auth import MaybeSignedIn
from app.db import RecordRow, danish_order, refers_to
from app.resources.health_agreements import HealthAgreementRow
from app.resources.indicators import IndicatorRow, TargetRow
from app.resources.municipalities.map import lies_in
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Link
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_in, any_of, referred
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import exactly_one
from app.rest.schema import Absent, Count, Id, Page, R, Record, RecordData, Ref, Text
from app.rest.sent import Sent
from app.rest.view import many


class GoalRow(RecordRow):
    __tablename__ = "goal"

    agreement_id: Mapped[str | None] = refers_to("health_agreement")
    plan_id: Mapped[str | None] = refers_to("plan")
    parent_id: Mapped[str | None] = refers_to("goal")
    number: Mapped[int]
    group: Mapped[str | None]
    title: Mapped[str]
    description: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class GoalFields(RecordData[R], Generic[R]):
    """What an agreement or a plan is to achieve."""

    agreement: R | None
    """The health agreement whose goal it is; null when it is a plan's."""
    plan: R | None
    """The plan whose goal it is; null when it is an agreement's."""
    parent: R | None
    """The goal that it is a part of; null when it stands alone."""
    number: Count = Field(examples=[1])
    """Its place among the goals of the same agreement, plan or parent, from 1."""
    group: Text | None = Field(examples=["Sammen om nye løsninger"])
    """The group of goals that it belongs to; null when they are not grouped."""
    title: Text = Field(examples=["Tryghed og mestring i eget hjem"])
    """The goal, in its own words."""
    description: Text | None = Field(examples=["Borgerne skal kunne leve trygt i eget hjem."])
    """What else is said of it; null when nothing is."""

    @model_validator(mode="after")
    def _is_somebodys(self) -> Self:
        exactly_one(self, "agreement", "plan")
        return self


class GoalData(GoalFields[Id]):
    """A goal as it is written."""

    example: ClassVar = {
        "agreement": "sundhedsaftale-sjaelland-2024",
        "number": 99,
        "title": "Eksempel: færre akutte genindlæggelser",
        "description": "Borgerne skal genindlægges sjældnere.",
    }


class Goal(GoalFields[Ref], Record):
    """What an agreement or a plan is to achieve."""

    children: list[Ref]
    """The goals that are parts of it, in order."""


Child = aliased(GoalRow)


AGREED = (
    select(GoalRow.id, HealthAgreementRow.region_id).join(
        HealthAgreementRow, HealthAgreementRow.id == GoalRow.agreement_id
    )
).subquery()


class GoalQuery(ListQuery):
    """What the goals can be asked."""

    agreement: Annotated[list[Id] | Absent, any_of(GoalRow.agreement_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only goals of these health agreements, by id."""
    plan: Annotated[list[Id] | Absent, any_of(GoalRow.plan_id)] = Field(None, examples=[["sundhed-taet-paa-dig"]])
    """Only goals of these plans, by id."""
    region: Annotated[list[Id] | Absent, lies_in(GoalRow.id, Link(AGREED.c.id, AGREED.c.region_id))] = Field(
        None, examples=[["dk-1085"]]
    )
    """Only goals of agreements of these regions, by id, or of regions that lie in one on the day asked about."""
    indicator: Annotated[
        list[Id] | Absent, any_in(GoalRow.id, IndicatorRow.id, Link(TargetRow.goal_id, TargetRow.record_id))
    ] = Field(None, examples=[["somatiske-genindlaeggelser"]])
    """Only goals that are followed with one of these indicators, by id."""
    served: Annotated[
        bool | Absent, Where(lambda yes: yes == referred("initiative_goal", "goal_id", GoalRow.id, lambda _: true()))
    ] = Field(None, examples=[False])
    """Only goals that an initiative works for, or only those that none is known to."""
    parent: Annotated[list[Id] | Absent, any_of(GoalRow.parent_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]]
    )
    """Only parts of these goals, by id."""
    sort: Annotated[
        Literal["number", "-number", "title", "-title"], Sorts(number=GoalRow.number, title=GoalRow.sort_title)
    ] = Field("number", examples=["title"])
    """What to sort by; with `-` in front, from the last to the first. Titles are in Danish order."""


goals = Resource(
    name="goals",
    about="*Mål* of agreements and plans, in their order.",
    example="sundhedsaftale-sjaelland-2019-maal-1",
    public=Goal,
    data=GoalData,
    row=GoalRow,
    query=GoalQuery,
    computed={"children": many(Ref, Child, Child.parent_id == GoalRow.id, order=[Child.number], name=Child.title)},
)


@goals.router.get("")
async def list_goals(query: Annotated[GoalQuery, Query()], read: Reading) -> Json[Page[Goal]]:
    """Goals, by their numbers unless asked otherwise; give an agreement or a plan to see those of one."""
    return await goals.page(read, query)


@goals.router.get("/{id}")
async def get_goal(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Goal]:
    """One goal, with its parts."""
    return await goals.one(read, id, query)


@goals.router.get("/{id}/history")
async def goal_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a goal when and why, and what became different each time."""
    return await goals.history(read, id, query, caller)


@goals.router.post("", status_code=201)
async def create_goal(write: Writing, body: Sent[GoalData]) -> Json[Goal]:
    """Add a goal; its id is made from its title unless the body chooses one."""
    return await goals.create(write, body)


@goals.router.put("/{id}")
async def replace_goal(id: RecordId, write: Writing, body: Sent[GoalData]) -> Json[Goal]:
    """Make a goal be what the body says, or create it under this id."""
    return await goals.replace(write, id, body)


@goals.router.patch("/{id}")
async def patch_goal(id: RecordId, write: Writing, body: Sent[GoalData]) -> Json[Goal]:
    """Change what the body names of a goal, and nothing else."""
    return await goals.patch(write, id, body)


@goals.router.delete("/{id}", status_code=204)
async def delete_goal(id: RecordId, write: Deleting) -> Response:
    """Delete a goal that no other record refers to."""
    return await goals.delete(write, id)


@goals.router.post("/{id}/restore")
async def restore_goal(id: RecordId, write: Writing) -> Json[Goal]:
    """Bring back a deleted goal as it last was."""
    return await goals.restore(write, id)
