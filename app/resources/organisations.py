"""Organisations: whoever agrees, carries out, sits, pays or receives; a partnership is made of others."""

from datetime import date
from typing import Annotated, Generic, Literal, Self

from fastapi import Query
from pydantic import Field, model_validator
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import (
    Absent,
    Count,
    Day,
    Id,
    Page,
    Period,
    R,
    Record,
    RecordData,
    Ref,
    Schema,
    StatedDate,
    Text,
    wrong,
)
from app.rest.view import current

Kind = Literal[
    "region",
    "municipality",
    "hospital",
    "general_practice",
    "ministry",
    "agency",
    "committee",
    "council",
    "cluster",
    "health_council",
    "partnership",
    "association",
    "company",
    "foundation",
    "other",
]


class OrganisationRow(RecordRow):
    __tablename__ = "organisation"

    kind: Mapped[str]
    name: Mapped[str]
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")
    period: Mapped[Range[date] | None]
    website: Mapped[str | None]
    sort_name: Mapped[str] = danish_order("name")


class NameVariantRow(PartRow):
    __tablename__ = "organisation_name_variant"

    record_id: Mapped[str] = part_of("organisation")
    name: Mapped[str]
    note: Mapped[str | None]


class IdentifierRow(PartRow):
    __tablename__ = "organisation_identifier"

    record_id: Mapped[str] = part_of("organisation")
    scheme: Mapped[str]
    value: Mapped[str]


class ContactPointRow(PartRow):
    __tablename__ = "organisation_contact_point"

    record_id: Mapped[str] = part_of("organisation")
    name: Mapped[str]
    street: Mapped[str | None]
    postal_code: Mapped[str | None]
    town: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]


class MemberRow(PartRow):
    __tablename__ = "organisation_member"

    record_id: Mapped[str] = part_of("organisation")
    organisation_id: Mapped[str | None] = refers_to("organisation")
    described_as: Mapped[str | None]
    role: Mapped[str | None]
    seats: Mapped[int | None]
    appointed_by: Mapped[str | None]
    period: Mapped[Range[date] | None]
    stated_edtf: Mapped[str | None]
    stated_earliest: Mapped[date | None]
    stated_latest: Mapped[date | None]


class OfficeRow(PartRow):
    __tablename__ = "organisation_office"

    record_id: Mapped[str] = part_of("organisation")
    title: Mapped[str]
    person: Mapped[str]
    party: Mapped[str | None]
    period: Mapped[Range[date] | None]
    held_on: Mapped[date | None]


class NameVariant(Schema, Generic[R]):
    """Another name that an organisation goes by, or went by."""

    name: Text = Field(examples=["Broen for bedre sundhed"])
    """The other name."""
    note: Text | None = Field(examples=["Variant i pressemeddelelsen af 19. september 2014"])
    """Where or when it is used; null when unknown."""


class Identifier(Schema, Generic[R]):
    """What a public list calls the organisation."""

    scheme: Text = Field(examples=["CVR"])
    """The list."""
    value: Text = Field(examples=["29190658"])
    """The identifier there, text with leading zeros."""


class ContactPoint(Schema, Generic[R]):
    """Where to turn to: an office or a function, not a person."""

    name: Text = Field(examples=["Det Nære Sundhedsvæsen"])
    """The office or function."""
    street: Text | None = Field(examples=["Alléen 15"])
    """Street and number; null when unknown."""
    postal_code: Text | None = Field(examples=["4180"])
    """Postal code; null when unknown."""
    town: Text | None = Field(examples=["Sorø"])
    """Post town; null when unknown."""
    phone: Text | None = Field(examples=["+45 57 87 57 87"])
    """A switchboard's or function's number; null when unknown."""
    email: Text | None = Field(examples=["regionsjaelland@regionsjaelland.dk"])
    """A functional address; null when unknown."""


class Member(Schema, Generic[R]):
    """That somebody belongs to an organisation: another organisation, or a group that a source only describes."""

    organisation: R | None
    """The member; null when a source only describes it."""
    described_as: Text | None = Field(examples=["kommunalbestyrelser"])
    """The group of members in a source's words; null when the member is named."""
    role: Text | None = Field(examples=["repræsentanter"])
    """What the member does in it; null when nothing is said."""
    seats: Count | None = Field(examples=[5])
    """How many seats the member has; null when unknown or when there are none."""
    appointed_by: Text | None = Field(examples=["KKR Sjælland"])
    """Who appoints the persons in these seats; null when unknown."""
    period: Period | None
    """When the member belongs to it; null when unknown."""
    stated: StatedDate | None
    """The period as a source states it, where it is vague; null when it is exact or unknown."""

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.organisation is None and self.described_as is None:
            raise wrong("A member is an organisation, or described as a group; give one of the two")
        return self


class Office(Schema, Generic[R]):
    """An office in the organisation that a person holds, as published."""

    title: Text = Field(examples=["regionsrådsformand"])
    """The office."""
    person: Text = Field(examples=["Jens Stenbæk"])
    """Who holds it."""
    party: Text | None = Field(examples=["V"])
    """The letter of the person's party; null when not stated."""
    period: Period | None
    """When the person holds it; null when unknown."""
    held_on: Day | None = Field(examples=["2014-09-19"])
    """A day on which a source shows the person in office; null when none does."""


class OrganisationFields(RecordData[R], Generic[R]):
    """Whoever agrees, carries out, sits, pays or receives."""

    kind: Kind = Field(examples=["partnership"])
    """What sort of organisation it is."""
    name: Text = Field(examples=["Broen til bedre sundhed"])
    """The name, in the language of its country."""
    region: R | None
    """The region that it governs; null when it governs none."""
    municipality: R | None
    """The municipality that it governs; null when it governs none."""
    period: Period | None
    """When the organisation exists; null when unknown."""
    website: Text | None = Field(examples=["https://www.regionsjaelland.dk"])
    """Where it presents itself; null when unknown."""
    name_variants: list[NameVariant[R]]
    """Other names that it goes by."""
    identifiers: list[Identifier[R]]
    """What public lists call it."""
    contact_points: list[ContactPoint[R]]
    """Where to turn to."""
    members: list[Member[R]]
    """Who belongs to it, if it is made of others."""
    offices: list[Office[R]]
    """Who holds which office in it, as published."""


class OrganisationData(OrganisationFields[Id]):
    """An organisation as it is written."""


class Organisation(OrganisationFields[Ref], Record):
    """Whoever agrees, carries out, sits, pays or receives."""


class OrganisationQuery(ListQuery):
    """What the organisations can be asked."""

    kind: Annotated[list[Kind] | Absent, any_of(OrganisationRow.kind)] = Field(None, examples=[["partnership"]])
    """Only organisations of these kinds."""
    region: Annotated[list[Id] | Absent, any_of(OrganisationRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only organisations that govern these regions, by id."""
    municipality: Annotated[list[Id] | Absent, any_of(OrganisationRow.municipality_id)] = Field(
        None, examples=[["dk-0360"]]
    )
    """Only organisations that govern these municipalities, by id."""
    member: Annotated[list[Id] | Absent, any_of(MemberRow.organisation_id)] = Field(
        None, examples=[["lolland-kommune"]]
    )
    """Only organisations that one of these organisations, by id, belongs to or has belonged to."""
    active: Annotated[bool | Absent, Where(lambda yes: current(OrganisationRow) == yes)] = Field(None, examples=[True])
    """Only organisations that are known to exist on the day asked about, or known not to."""
    sort: Annotated[Literal["name", "-name"], Sorts(name=OrganisationRow.sort_name)] = Field("name", examples=["-name"])
    """What to sort by; with `-` in front, from the last to the first. Names are in Danish order."""


organisations = Resource(
    name="organisations",
    example="broen-til-bedre-sundhed",
    public=Organisation,
    data=OrganisationData,
    row=OrganisationRow,
    parts={
        "name_variants": NameVariantRow,
        "identifiers": IdentifierRow,
        "contact_points": ContactPointRow,
        "members": MemberRow,
        "offices": OfficeRow,
    },
)


@organisations.router.get("")
async def list_organisations(query: Annotated[OrganisationQuery, Query()], read: Reading) -> Json[Page[Organisation]]:
    """Organisations, in Danish order."""
    return await organisations.page(read, query)


@organisations.router.get("/{id}")
async def get_organisation(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Organisation]:
    """One organisation, with its members and offices over time."""
    return await organisations.one(read, id, query)
