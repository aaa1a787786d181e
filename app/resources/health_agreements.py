"""Health agreements: what a region and its municipalities agree about citizens' health (Sundhedsloven § 205)."""

from datetime import date
from typing import Annotated, Generic, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy import Date, func
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, aliased
from typing_extensions import TypeAliasType

from app.db import PartRow, RecordRow, danish_order, once, part_of, refers_to
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Page, Period, R, Record, RecordData, Ref, Schema, StatedDate, Text
from app.rest.view import current, latest_by, many

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


class HealthAgreementRow(RecordRow):
    __tablename__ = "health_agreement"

    kind: Mapped[str]
    title: Mapped[str]
    region_id: Mapped[str] = refers_to("region")
    drafted_by_id: Mapped[str | None] = refers_to("organisation")
    legal_basis: Mapped[str | None]
    nominal_edtf: Mapped[str | None]
    nominal_earliest: Mapped[date | None]
    nominal_latest: Mapped[date | None]
    period: Mapped[Range[date] | None]
    vision: Mapped[str | None]
    edition: Mapped[str | None]
    replaces_id: Mapped[str | None] = refers_to("health_agreement")
    focus_areas: Mapped[list[str]]
    sort_title: Mapped[str] = danish_order("title")


class PartyRow(PartRow):
    __tablename__ = "health_agreement_party"
    __table_args__ = (once("organisation_id"),)

    record_id: Mapped[str] = part_of("health_agreement")
    organisation_id: Mapped[str] = refers_to("organisation")
    decision: Mapped[str | None]
    decided_on: Mapped[date | None]
    deadline: Mapped[date | None]
    reservation: Mapped[str | None]
    case_number: Mapped[str | None]


class MilestoneRow(PartRow):
    __tablename__ = "health_agreement_milestone"

    record_id: Mapped[str] = part_of("health_agreement")
    kind: Mapped[str]
    date_edtf: Mapped[str | None]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    note: Mapped[str | None]


class ExtensionRow(PartRow):
    __tablename__ = "health_agreement_extension"

    record_id: Mapped[str] = part_of("health_agreement")
    until: Mapped[date]
    legal_basis: Mapped[str | None]


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
    legal_basis: Text | None = Field(examples=["L 191 af 2022"])
    """The law or decision that extends it; null when unknown."""


class HealthAgreementFields(RecordData[R], Generic[R]):
    """What a region and its municipalities agree about citizens' health."""

    kind: HealthAgreementKind = Field(examples=["health_agreement"])
    """What sort of agreement it is; the statutory one is `health_agreement`."""
    title: Text = Field(examples=["Sundhedsaftalen 2019-2023"])
    """The title as published, in Danish."""
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
    focus_areas: list[Text] = Field(examples=[["Ældre og borgere med kronisk sygdom"]])
    """Its focus areas, in order."""
    parties: list[Party[R]]
    """Whom it binds, and how each has answered."""
    milestones: list[Milestone[R]]
    """The steps of its life, the earliest first."""
    extensions: list[Extension[R]]
    """How it was made to last longer, the earliest first."""


class HealthAgreementData(HealthAgreementFields[Id]):
    """A health agreement as it is written."""


class HealthAgreement(HealthAgreementFields[Ref], Record):
    """What a region and its municipalities agree about citizens' health."""

    status: MilestoneKind | None = Field(examples=["in_force"])
    """The latest milestone reached by the day asked about; null when none is known."""
    replaced_by: list[Ref]
    """The agreements that follow it."""


STATUS = latest_by(MilestoneRow, MilestoneRow.kind, MilestoneRow.date_latest)
Later = aliased(HealthAgreementRow)


class HealthAgreementQuery(ListQuery):
    """What the health agreements can be asked."""

    kind: Annotated[list[HealthAgreementKind] | Absent, any_of(HealthAgreementRow.kind)] = Field(
        None, examples=[["health_agreement"]]
    )
    """Only agreements of these kinds."""
    region: Annotated[list[Id] | Absent, any_of(HealthAgreementRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only agreements of these regions, by id."""
    party: Annotated[list[Id] | Absent, any_of(PartyRow.organisation_id)] = Field(None, examples=[["lolland-kommune"]])
    """Only agreements that bind one of these organisations, by id."""
    decision: Annotated[list[Decision] | Absent, any_of(PartyRow.decision)] = Field(None, examples=[["pending"]])
    """Only agreements that a party has answered in one of these ways."""
    in_force: Annotated[bool | Absent, Where(lambda yes: current(HealthAgreementRow) == yes)] = Field(
        None, examples=[True]
    )
    """Only agreements that are known to be in effect on the day asked about, or known not to be; whose period is
    unknown is in neither answer."""
    status: Annotated[list[MilestoneKind] | Absent, any_of(STATUS)] = Field(None, examples=[["in_force"]])
    """Only agreements whose latest milestone on the day asked about is one of these."""
    replaces: Annotated[list[Id] | Absent, any_of(HealthAgreementRow.replaces_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only agreements that follow one of these, by id."""
    sort: Annotated[
        Literal["title", "-title", "start", "-start"],
        Sorts(title=HealthAgreementRow.sort_title, start=func.lower(HealthAgreementRow.period, type_=Date)),
    ] = Field("title", examples=["-start"])
    """What to sort by, `start` being the first day of its effect; with `-` in front, from the last to the first."""


health_agreements = Resource(
    name="health-agreements",
    example="sundhedsaftale-sjaelland-2019",
    public=HealthAgreement,
    data=HealthAgreementData,
    row=HealthAgreementRow,
    parts={"parties": PartyRow, "milestones": MilestoneRow, "extensions": ExtensionRow},
    computed={
        "status": STATUS,
        "replaced_by": many(Ref, Later, Later.replaces_id == HealthAgreementRow.id, order=Later.id, name=Later.title),
    },
)


@health_agreements.router.get("")
async def list_health_agreements(
    query: Annotated[HealthAgreementQuery, Query()], read: Reading
) -> Json[Page[HealthAgreement]]:
    """Health agreements, whether in force or not, in Danish order of their titles unless asked otherwise."""
    return await health_agreements.page(read, query)


@health_agreements.router.get("/{id}")
async def get_health_agreement(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[HealthAgreement]:
    """One health agreement, with its parties, its milestones and what follows it."""
    return await health_agreements.one(read, id, query)
