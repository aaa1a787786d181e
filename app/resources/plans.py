"""Plans: health plans, local health plans and strategies, with their principles and how they came about."""

from datetime import date
from typing import Annotated, Final, Generic, Literal, Self

from fastapi import Query
from pydantic import Field, model_validator
from sqlalchemy import Date, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped
from typing_extensions import TypeAliasType

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.resources.municipalities import lies_in
from app.resources.organisations import GOVERNED, OrganisationRow
from app.rest.dates import Period, StatedDate, refuse_disorder
from app.rest.query import Link, ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Page, R, Record, RecordData, Ref, Schema, Text
from app.rest.versions import Diff, DiffQuery, diff
from app.rest.view import current, latest_by

PlanKind = TypeAliasType(
    "PlanKind",
    Annotated[
        Literal["health_plan", "local_health_plan", "strategy"],
        Field(
            description="""- `health_plan`: a *sundhedsplan* for the region's whole health effort (Sundhedsloven § 206)
- `local_health_plan`: a *nærsundhedsplan* of the 2024 reform
- `strategy`: a *strategi* that an authority sets itself"""
        ),
    ],
)
PlanMilestoneKind = TypeAliasType(
    "PlanMilestoneKind",
    Annotated[
        Literal[
            "drafted", "consultation_opened", "consultation_closed", "advice_obtained", "adopted", "amended", "lapsed"
        ],
        Field(
            description="""- `drafted`: there is a draft
- `consultation_opened`: the *høring* began
- `consultation_closed`: the *høring* ended
- `advice_obtained`: *Sundhedsstyrelsen* gave its advice
- `adopted`: the council adopted it
- `amended`: its text was changed
- `lapsed`: it ended"""
        ),
    ],
)


MILESTONE_ORDER: Final = {
    "consultation_opened": ["drafted"],
    "consultation_closed": ["drafted", "consultation_opened"],
    "adopted": ["drafted", "consultation_opened"],
    "amended": ["drafted", "adopted"],
    "lapsed": ["drafted", "adopted"],
}
"""What comes after what. Advice that came after the adoption is kept as it happened."""


class PlanRow(RecordRow):
    __tablename__ = "plan"

    kind: Mapped[str]
    title: Mapped[str]
    organisation_id: Mapped[str | None] = refers_to("organisation")
    period: Mapped[Range[date] | None]
    summary: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class PrincipleRow(PartRow):
    __tablename__ = "plan_principle"

    record_id: Mapped[str] = part_of("plan")
    title: Mapped[str]
    text: Mapped[str | None]


class FocusAreaRow(PartRow):
    __tablename__ = "plan_focus_area"

    record_id: Mapped[str] = part_of("plan")
    title: Mapped[str]
    text: Mapped[str | None]


class PlanMilestoneRow(PartRow):
    __tablename__ = "plan_milestone"

    record_id: Mapped[str] = part_of("plan")
    kind: Mapped[str]
    announced: Mapped[bool]
    date_edtf: Mapped[str | None]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    note: Mapped[str | None]


class AdviceRow(PartRow):
    __tablename__ = "plan_advice"

    record_id: Mapped[str] = part_of("plan")
    organisation_id: Mapped[str] = refers_to("organisation")
    asked_on: Mapped[date | None]
    obtained_on: Mapped[date | None]
    summary: Mapped[str | None]


class Principle(Schema, Generic[R]):
    """A principle of the plan, or an area that it focuses on."""

    title: Text = Field(examples=["Nærhed og tilgængelighed"])
    """What it is called."""
    text: Text | None = Field(examples=["Det, der kan leveres nært, skal leveres nært."])
    """What it says, in its own words; null when nothing more is said."""


class PlanMilestone(Schema, Generic[R]):
    """A step in the life of the plan, taken or announced."""

    kind: PlanMilestoneKind = Field(examples=["adopted"])
    """What happened."""
    announced: bool = Field(examples=[True])
    """Whether it was only announced: a source said beforehand that it would happen, and none that it did."""
    date: StatedDate | None
    """When, as precisely as it was stated; null when unknown or undated."""
    note: Text | None = Field(examples=["»til sommer«, i en udateret tekst"])
    """What else there is to know, in Danish; null when nothing."""


class Advice(Schema, Generic[R]):
    """What an authority advised before the plan was adopted."""

    organisation: R
    """Who was asked."""
    asked_on: Day | None = Field(examples=["2025-03-01"])
    """The day on which it was asked; null when unknown."""
    obtained_on: Day | None = Field(examples=["2025-05-15"])
    """The day on which the advice came; null when it did not, or when that is unknown."""
    summary: Text | None = Field(examples=["Ingen bemærkninger"])
    """What was advised, in short; null when unknown."""


class PlanFields(RecordData[R], Generic[R]):
    """What an authority intends for citizens' health."""

    kind: PlanKind = Field(examples=["strategy"])
    """What sort of plan it is."""
    title: Text = Field(
        examples=["Sundhed tæt på dig – Region Sjællands strategi for et nært og sammenhængende sundhedsvæsen"]
    )
    """The title as published; a description where the text gives none."""
    organisation: R | None
    """Whose plan it is; null when unknown."""
    period: Period | None
    """When it applies; null when unknown."""
    summary: Text | None = Field(examples=["Regionsrådets ramme om indsatsen på sundhedsområdet."])
    """What it covers; null when nothing was published."""
    principles: list[Principle[R]]
    """Its principles, in order."""
    focus_areas: list[Principle[R]]
    """The areas that it focuses on, in order."""
    milestones: list[PlanMilestone[R]]
    """The steps of its life, the earliest first."""
    advice: list[Advice[R]]
    """The advice that was asked for before it was adopted."""

    @model_validator(mode="after")
    def _has_a_possible_history(self) -> Self:
        refuse_disorder(self.milestones, MILESTONE_ORDER)
        return self


class PlanData(PlanFields[Id]):
    """A plan as it is written."""


class Plan(PlanFields[Ref], Record):
    """What an authority intends for citizens' health."""

    status: PlanMilestoneKind | None = Field(examples=["adopted"])
    """The latest milestone taken, not only announced, by the day asked about; null when none is known."""
    advised_before_adoption: bool | None = Field(examples=[True])
    """Whether the authority's advice came before the adoption (Sundhedsloven § 206); null when either is unknown."""


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
