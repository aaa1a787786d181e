"""The shapes of plans, read and written."""

from typing import Annotated, ClassVar, Final, Generic, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import TypeAliasType

from app.rest.dates import Period, StatedDate, refuse_disorder
from app.rest.schema import Day, Id, R, Record, RecordData, Ref, Schema, Text

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
        refuse_disorder("milestones", self.milestones, MILESTONE_ORDER)
        return self


class PlanData(PlanFields[Id]):
    """A plan as it is written."""

    example: ClassVar = {
        "kind": "strategy",
        "title": "Eksempel: strategi for nære akutpladser",
        "organisation": "region-sjaelland",
        "period": {"start": "2026-01-01", "end": "2030-01-01"},
        "summary": "Akutpladser tæt på borgeren.",
        "principles": [{"title": "Nærhed", "text": "Det, der kan leveres nært, skal leveres nært."}],
        "milestones": [{"kind": "adopted", "announced": True, "date": {"edtf": "2026"}}],
    }


class Plan(PlanFields[Ref], Record):
    """What an authority intends for citizens' health."""

    status: PlanMilestoneKind | None = Field(examples=["adopted"])
    """The latest milestone taken, not only announced, by the day asked about; null when none is known."""
    advised_before_adoption: bool | None = Field(examples=[True])
    """Whether the authority's advice came before the adoption (Sundhedsloven § 206); null when either is unknown."""
