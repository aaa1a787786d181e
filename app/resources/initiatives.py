"""Initiatives: the programmes, projects and pilots that carry cooperation out."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, Literal, Self

from fastapi import Query
from pydantic import Field, model_validator
from sqlalchemy import Date, func
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, aliased

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import (
    Absent,
    Amount,
    Count,
    Currency,
    Id,
    Money,
    Page,
    Period,
    R,
    Record,
    RecordData,
    Ref,
    Schema,
    Text,
    wrong,
)
from app.rest.view import current, many

Kind = Literal["programme", "project", "sub_project", "pre_project", "pilot"]
Status = Literal["planned", "running", "completed", "cancelled"]
Role = Literal["lead_partner", "partner", "associated_partner"]


class InitiativeRow(RecordRow):
    __tablename__ = "initiative"

    kind: Mapped[str]
    parent_id: Mapped[str | None] = refers_to("initiative")
    title: Mapped[str]
    summary: Mapped[str | None]
    background: Mapped[str | None]
    vision: Mapped[str | None]
    aims: Mapped[list[str]]
    status: Mapped[str | None]
    period: Mapped[Range[date] | None]
    lead_id: Mapped[str | None] = refers_to("organisation")
    budget_amount: Mapped[Decimal | None]
    budget_currency: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class PartnerRow(PartRow):
    __tablename__ = "initiative_partner"

    record_id: Mapped[str] = part_of("initiative")
    organisation_id: Mapped[str] = refers_to("organisation")
    role: Mapped[str]
    period: Mapped[Range[date] | None]
    budget_amount: Mapped[Decimal | None]
    budget_currency: Mapped[str | None]
    contribution_amount: Mapped[Decimal | None]
    contribution_currency: Mapped[str | None]


class InitiativeAreaRow(PartRow):
    __tablename__ = "initiative_area"

    record_id: Mapped[str] = part_of("initiative")
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")


class TargetGroupRow(PartRow):
    __tablename__ = "initiative_target_group"

    record_id: Mapped[str] = part_of("initiative")
    description: Mapped[str]
    persons_min: Mapped[int | None]
    persons_max: Mapped[int | None]


class StageRow(PartRow):
    __tablename__ = "initiative_stage"

    record_id: Mapped[str] = part_of("initiative")
    name: Mapped[str]
    persons_min: Mapped[int | None]
    persons_max: Mapped[int | None]
    period: Mapped[Range[date] | None]


class ContactRow(PartRow):
    __tablename__ = "initiative_contact"

    record_id: Mapped[str] = part_of("initiative")
    role: Mapped[str]
    person: Mapped[str | None]
    organisation_id: Mapped[str | None] = refers_to("organisation")
    phone: Mapped[str | None]
    email: Mapped[str | None]


class Partner(Schema, Generic[R]):
    """An organisation that carries the initiative out."""

    organisation: R
    """The partner."""
    role: Role = Field(examples=["lead_partner"])
    """What it is in the partnership."""
    period: Period | None
    """When it takes part; null when unknown or as long as the initiative."""
    budget: Money | None
    """Its own budget; null when unknown."""
    contribution: Money | None
    """What it pays itself; null when unknown."""


class InitiativeArea(Schema, Generic[R]):
    """Where the initiative works: either a region or a municipality."""

    region: R | None
    """The region; null when the area is a municipality."""
    municipality: R | None
    """The municipality; null when the area is a region."""

    @model_validator(mode="after")
    def _is_one_area(self) -> Self:
        if (self.region is None) == (self.municipality is None):
            raise wrong("An area is either a region or a municipality; name exactly one of the two")
        return self


class Persons(Schema):
    """How many persons, as a range that is kept as it was stated."""

    persons_min: Count | None = Field(examples=[1000])
    """How many persons at the least; null when not stated."""
    persons_max: Count | None = Field(examples=[1500])
    """How many persons at the most; null when not stated."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.persons_min is not None and self.persons_max is not None and self.persons_min > self.persons_max:
            raise wrong("persons_min must not be above persons_max")
        return self


class TargetGroup(Persons, Generic[R]):
    """Whom the initiative is for."""

    description: Text = Field(
        examples=["Multibrugere af social- og sundhedsydelser i Lolland og Guldborgsund kommuner"]
    )
    """The group, in the words of the source."""


class Stage(Persons, Generic[R]):
    """A step in which the initiative is carried out."""

    name: Text = Field(examples=["Afprøvning med fem borgere"])
    """What is done in it."""
    period: Period | None
    """When; null when unknown."""


class Contact(Schema, Generic[R]):
    """Whom to ask, as published: a function, with the person who holds it where that was published."""

    role: Text = Field(examples=["Projektleder"])
    """The function."""
    person: Text | None = Field(examples=["Lise Åkerman"])
    """Who holds it; null when not published."""
    organisation: R | None
    """Where; null when not stated."""
    phone: Text | None = Field(examples=["+45 57 87 57 87"])
    """A switchboard's or function's number; null when there is none."""
    email: Text | None = Field(examples=["regionsjaelland@regionsjaelland.dk"])
    """A functional address; null when there is none."""


class InitiativeFields(RecordData[R], Generic[R]):
    """A programme, project or pilot that carries cooperation out."""

    kind: Kind = Field(examples=["pre_project"])
    """What sort of initiative it is."""
    parent: R | None
    """The initiative that it is a part of; null when it stands alone."""
    title: Text = Field(examples=["Udvikling af de primære sundhedstjenester, Øresundsregionen"])
    """The title as published."""
    summary: Text | None = Field(examples=["Forprojekt om samarbejde mellem Region Skåne og Region Sjælland."])
    """What it is about; null when nothing was published."""
    background: Text | None = Field(examples=["Den skånske model er blevet en stor inspirationskilde."])
    """Why it came about; null when nothing was published."""
    vision: Text | None = Field(examples=["Lighed i sundhed gennem målrettede indsatser"])
    """Its vision, in its own words; null when it has none."""
    aims: list[Text] = Field(examples=[["Flere raske", "Mere kvalitet", "Bedre økonomi"]])
    """What it is to achieve, in order."""
    status: Status | None = Field(examples=["completed"])
    """Where it stands; null when unknown."""
    period: Period | None
    """When it is carried out; null when unknown."""
    lead: R | None
    """The organisation that leads it; null when unknown."""
    budget: Money | None
    """The whole budget; null when unknown."""
    partners: list[Partner[R]]
    """Who carries it out."""
    areas: list[InitiativeArea[R]]
    """Where it works."""
    target_groups: list[TargetGroup[R]]
    """Whom it is for."""
    stages: list[Stage[R]]
    """The steps in which it is carried out, in order."""
    contacts: list[Contact[R]]
    """Whom to ask."""


class InitiativeData(InitiativeFields[Id]):
    """An initiative as it is written."""


class Initiative(InitiativeFields[Ref], Record):
    """A programme, project or pilot that carries cooperation out."""

    children: list[Ref]
    """The initiatives that are parts of it."""


Child = aliased(InitiativeRow)


class InitiativeQuery(ListQuery):
    """What the initiatives can be asked."""

    kind: Annotated[list[Kind] | Absent, any_of(InitiativeRow.kind)] = Field(None, examples=[["project"]])
    """Only initiatives of these kinds."""
    status: Annotated[list[Status] | Absent, any_of(InitiativeRow.status)] = Field(None, examples=[["running"]])
    """Only initiatives that stand so."""
    parent: Annotated[list[Id] | Absent, any_of(InitiativeRow.parent_id)] = Field(
        None, examples=[["broen-til-bedre-sundhed"]]
    )
    """Only parts of these initiatives, by id."""
    lead: Annotated[list[Id] | Absent, any_of(InitiativeRow.lead_id)] = Field(None, examples=[["region-sjaelland"]])
    """Only initiatives led by these organisations, by id."""
    partner: Annotated[list[Id] | Absent, any_of(PartnerRow.organisation_id)] = Field(
        None, examples=[["region-skaane"]]
    )
    """Only initiatives in which one of these organisations, by id, is a partner."""
    region: Annotated[list[Id] | Absent, any_of(InitiativeAreaRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only initiatives that work in the whole of one of these regions, by id."""
    municipality: Annotated[list[Id] | Absent, any_of(InitiativeAreaRow.municipality_id)] = Field(
        None, examples=[["dk-0360"]]
    )
    """Only initiatives that work in one of these municipalities, by id."""
    active: Annotated[bool | Absent, Where(lambda yes: current(InitiativeRow) == yes)] = Field(None, examples=[True])
    """Only initiatives that are known to be under way on the day asked about, or known not to be."""
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
    example="primaere-sundhedstjenester-oeresund",
    public=Initiative,
    data=InitiativeData,
    row=InitiativeRow,
    parts={
        "partners": PartnerRow,
        "areas": InitiativeAreaRow,
        "target_groups": TargetGroupRow,
        "stages": StageRow,
        "contacts": ContactRow,
    },
    computed={"children": many(Ref, Child, Child.parent_id == InitiativeRow.id, order=Child.id, name=Child.title)},
)


@initiatives.router.get("")
async def list_initiatives(query: Annotated[InitiativeQuery, Query()], read: Reading) -> Json[Page[Initiative]]:
    """Initiatives, in Danish order of their titles unless asked otherwise."""
    return await initiatives.page(read, query)


@initiatives.router.get("/{id}")
async def get_initiative(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Initiative]:
    """One initiative, with its partners, areas, target groups, stages and parts."""
    return await initiatives.one(read, id, query)
