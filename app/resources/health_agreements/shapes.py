"""The shapes of health agreements, read and written, and what a possible history is."""

from typing import Annotated, ClassVar, Final, Generic, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import TypeAliasType

from app.rest.dates import Period, StatedDate, refuse_disorder
from app.rest.rules import wrong
from app.rest.schema import Day, Id, R, Record, RecordData, Ref, Schema, Text

HealthAgreementKind = TypeAliasType(
    "HealthAgreementKind",
    Annotated[
        Literal["health_agreement", "addendum", "political_vision", "horizontal", "sharing"],
        Field(
            description="""- `health_agreement`: the statutory *sundhedsaftale* (Sundhedsloven § 205)
- `addendum`: a *tillægsaftale* to one
- `political_vision`: a shared vision beside the statutory agreements
- `horizontal`: a *horisontal samarbejdsaftale* of the 2024 reform
- `sharing`: a *delingsaftale* of the 2024 reform"""
        ),
    ],
)
Decision = TypeAliasType(
    "Decision",
    Annotated[
        Literal["pending", "adopted", "adopted_with_reservation", "rejected"],
        Field(
            description="""- `pending`: asked, and known not to have answered
- `adopted`: agreed
- `adopted_with_reservation`: agreed, but for what the reservation says
- `rejected`: refused"""
        ),
    ],
)
MilestoneKind = TypeAliasType(
    "MilestoneKind",
    Annotated[
        Literal[
            "drafted",
            "consultation_opened",
            "consultation_closed",
            "approved_by_committee",
            "sent_to_parties",
            "adopted_by_parties",
            "submitted_to_authority",
            "approved_by_authority",
            "in_force",
            "amended",
            "extended",
            "lapsed",
        ],
        Field(
            description="""- `drafted`: the committee has a draft
- `consultation_opened`: the *høring* began
- `consultation_closed`: the *høring* ended
- `approved_by_committee`: the committee approved it
- `sent_to_parties`: it was sent to the councils
- `adopted_by_parties`: the last council adopted it
- `submitted_to_authority`: it went to *Sundhedsstyrelsen*
- `approved_by_authority`: *Sundhedsstyrelsen* approved it, which its effect does not wait for
- `in_force`: its effect began
- `amended`: its text was changed
- `extended`: it was made to last longer
- `lapsed`: its effect ended"""
        ),
    ],
)


MILESTONE_ORDER: Final = {
    "consultation_opened": ["drafted"],
    "consultation_closed": ["drafted", "consultation_opened"],
    "approved_by_committee": ["drafted", "consultation_opened"],
    "sent_to_parties": ["drafted", "approved_by_committee"],
    "adopted_by_parties": ["drafted", "sent_to_parties"],
    "submitted_to_authority": ["drafted", "approved_by_committee"],
    "approved_by_authority": ["drafted", "submitted_to_authority"],
    "in_force": ["drafted", "adopted_by_parties"],
    "amended": ["drafted"],
    "extended": ["in_force"],
    "lapsed": ["drafted", "in_force"],
}
"""What comes after what (Sundhedsloven §§ 204-205 and the orders of 2013 and 2018). The authority's approval is no gate
before the effect: agreements were in force before they were approved."""


Year = Annotated[int, Field(ge=1000, le=9998)]


class Party(Schema, Generic[R]):
    """An organisation that the agreement binds, and its answer to it."""

    organisation: R
    """The party."""
    decision: Decision | None = Field(examples=["adopted"])
    """What its council decided; null when unknown."""
    decided_on: Day | None = Field(examples=["2019-06-18"])
    """The day of the decision; null when unknown or when there is none yet."""
    deadline: Day | None = Field(examples=["2019-06-24"])
    """The last day for an answer; null when unknown."""
    reservation: Text | None = Field(examples=["Under forudsætning af finansiering"])
    """The reservation, in its own words; null when there is none."""
    case_number: Text | None = Field(examples=["19/12345"])
    """The party's own number of the case; null when unknown."""

    @model_validator(mode="after")
    def _answers_as_it_decided(self) -> Self:
        if self.reservation and self.decision != "adopted_with_reservation":
            raise wrong("A reservation belongs to the decision adopted_with_reservation", "reservation")
        if self.decided_on and self.decision in (None, "pending"):
            says = "A day of decision belongs to a decision; give adopted, adopted_with_reservation or rejected"
            raise wrong(says, "decided_on")
        return self


class Milestone(Schema, Generic[R]):
    """A dated step in the life of the agreement."""

    kind: MilestoneKind = Field(examples=["in_force"])
    """What happened."""
    date: StatedDate | None
    """When, as precisely as it was stated; null when unknown."""
    note: Text | None = Field(examples=["Godkendt med administrativt tillæg"])
    """What else there is to know, in Danish; null when nothing."""


class Extension(Schema, Generic[R]):
    """That the agreement was made to last longer."""

    until: Day = Field(examples=["2024-01-01"])
    """The first day after the extended agreement."""
    legal_basis: Text | None = Field(examples=["L 191 (2022)"])
    """The law or decision that extends it; null when unknown."""


class Review(Schema, Generic[R]):
    """The committee's yearly review of the agreement."""

    year: Year = Field(examples=[2020])
    """The year that was reviewed."""
    held: StatedDate | None
    """When the review was held, as precisely as it was stated; null when unknown."""
    reviewed_by: R | None
    """The committee that reviewed it; null when unknown."""
    summary: Text | None = Field(examples=["Målene følges; genindlæggelserne falder ikke"])
    """What came of it, in short; null when unknown."""


class HealthAgreementFields(RecordData[R], Generic[R]):
    """What a region and its municipalities agree about citizens' health."""

    kind: HealthAgreementKind = Field(examples=["health_agreement"])
    """What sort of agreement it is; the statutory one is `health_agreement`."""
    title: Text = Field(examples=["Sundhedsaftalen 2019-2023"])
    """The title as published, in Danish; a description where no text gives one."""
    region: R
    """The region whose agreement it is."""
    drafted_by: R | None
    """The committee that drafted it; null when unknown."""
    legal_basis: Text | None = Field(examples=["Sundhedsloven § 205"])
    """The law that it rests on; null when unknown."""
    nominal: StatedDate | None
    """The period in its title; null when it has none."""
    period: Period | None
    """When it is in effect, extensions included; null when unknown."""
    vision: Text | None = Field(examples=["Fælles med borgeren om bedre sundhed"])
    """Its vision, in its own words; null when it has none or none is known."""
    edition: Text | None = Field(examples=["version 1"])
    """Which edition of the text it is; null when it has no number."""
    replaces: R | None
    """The agreement that it follows; null when there is none or none is known."""
    amends: R | None
    """The agreement that an addendum belongs to; null when it is no addendum, or when that is unknown."""
    focus_areas: list[Text] = Field(examples=[["Ældre og borgere med kronisk sygdom"]])
    """Its focus areas, in order."""
    parties: list[Party[R]]
    """Whom it binds, and how each has answered."""
    milestones: list[Milestone[R]]
    """The steps of its life, the earliest first."""
    extensions: list[Extension[R]]
    """How it was made to last longer, the earliest first."""
    reviews: list[Review[R]]
    """Its yearly reviews, the earliest first."""

    @model_validator(mode="after")
    def _has_a_possible_history(self) -> Self:
        refuse_disorder("milestones", self.milestones, MILESTONE_ORDER)
        if self.amends is not None and self.kind != "addendum":
            raise wrong("Only an addendum amends an agreement; another one replaces it", "amends")
        return self


class HealthAgreementData(HealthAgreementFields[Id]):
    """A health agreement as it is written."""

    example: ClassVar = {
        "kind": "addendum",
        "title": "Eksempel: tillægsaftale om akutte pladser",
        "region": "dk-1085",
        "amends": "sundhedsaftale-sjaelland-2024",
        "focus_areas": ["Akutte pladser"],
        "parties": [{"organisation": "lolland-kommune", "decision": "pending", "deadline": "2026-12-01"}],
        "milestones": [
            {"kind": "drafted", "date": {"edtf": "2026-10-05"}},
            {"kind": "sent_to_parties", "date": {"edtf": "2026-10-19"}},
        ],
    }


class HealthAgreement(HealthAgreementFields[Ref], Record):
    """What a region and its municipalities agree about citizens' health."""

    status: MilestoneKind | None = Field(examples=["in_force"])
    """The latest milestone reached by the day asked about; null when none is known."""
    in_force: bool | None = Field(examples=[True])
    """Whether it is in effect on the day asked about, as the filter of the same name has it; null when that is not
    known."""
    replaced_by: list[Ref]
    """The agreements that follow it."""
    addenda: list[Ref]
    """The addenda that belong to it."""
