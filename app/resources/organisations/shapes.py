"""The shapes of organisations, read and written."""

import re
from typing import Annotated, ClassVar, Final, Generic, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import TypeAliasType

from app.rest.dates import Period, StatedDate
from app.rest.details import MARKER
from app.rest.rules import wrong
from app.rest.schema import Count, Day, Email, Id, Phone, R, Record, RecordData, Ref, Schema, Text, Url

OrganisationKind = TypeAliasType(
    "OrganisationKind",
    Annotated[
        Literal[
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
        ],
        Field(
            description="""- `region`: a region as an authority
- `municipality`: a municipality as an authority
- `hospital`: a hospital or a hospital unit
- `general_practice`: a general practice
- `ministry`: a ministry
- `agency`: a public agency, such as *Sundhedsstyrelsen*
- `committee`: a committee with appointed members, such as a *sundhedskoordinationsudvalg*
- `council`: an elected or appointed council, such as a *KKR*
- `cluster`: a *sundhedsklynge* around an acute hospital
- `health_council`: a *sundhedsråd* of the 2024 reform
- `partnership`: several organisations that act together
- `association`: a society of members, such as *PLO* or *KL*
- `company`: a private company
- `foundation`: a *fond*
- `other`: none of these, or not known"""
        ),
    ],
)


CVR: Final = re.compile(rf"[0-9]{{8}}|{re.escape(MARKER)}")


class NameVariant(Schema, Generic[R]):
    """Another name that an organisation goes by, or went by."""

    name: Text = Field(examples=["Broen for bedre sundhed"])
    """The other name."""
    note: Text | None = Field(examples=["Variant i pressemeddelelsen af 19. september 2014"])
    """Where or when it is used; null when unknown."""


class Predecessor(Schema, Generic[R]):
    """An organisation whose tasks passed on."""

    organisation: R
    """The earlier organisation."""
    since: Day | None = Field(examples=["2022-07-01"])
    """The day on which its tasks passed on; null when unknown."""
    legal_basis: Text | None = Field(examples=["L 191 (2022)"])
    """The law or decision by which they did; null when unknown."""


class Identifier(Schema, Generic[R]):
    """What a public list calls the organisation."""

    scheme: Text = Field(examples=["CVR"])
    """The list."""
    value: Text = Field(examples=["29190658"])
    """The identifier there, text with leading zeros; a number of the CVR has eight digits."""

    @model_validator(mode="after")
    def _is_such_a_number(self) -> Self:
        if self.scheme.upper() == "CVR" and not CVR.fullmatch(self.value):
            raise wrong("A number of the CVR has eight digits, such as 29190658", "value")
        return self


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
    phone: Phone | None = Field(examples=["+45 57 87 57 87"])
    """A switchboard's or function's number; null when unknown."""
    email: Email | None = Field(examples=["regionsjaelland@regionsjaelland.dk"])
    """A functional address; null when unknown."""


class Member(Schema, Generic[R]):
    """That somebody belongs to an organisation: another organisation, or a group that a source only describes."""

    organisation: R | None
    """The member; null when a source only describes it."""
    described_as: Text | None = Field(examples=["kommunalbestyrelser"])
    """The group of members in a source's words; null when the member is named."""
    person: Text | None = Field(examples=["Bo Libergren"])
    """The person who sits for the member, as published; null when nobody is named."""
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

    kind: OrganisationKind = Field(examples=["partnership"])
    """What sort of organisation it is."""
    name: Text = Field(examples=["Broen til bedre sundhed"])
    """The name, in the language of its country."""
    region: R | None
    """The region that it governs; null when it governs none."""
    municipality: R | None
    """The municipality that it governs; null when it governs none."""
    period: Period | None
    """When the organisation exists; null when unknown."""
    website: Url | None = Field(examples=["https://www.regionsjaelland.dk"])
    """Where it presents itself; null when unknown."""
    predecessors: list[Predecessor[R]]
    """The organisations whose tasks it took over, wholly or in part."""
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

    example: ClassVar = {
        "kind": "partnership",
        "name": "Eksempel: partnerskab for nære akutpladser",
        "period": {"start": "2026-01-01", "end": None},
        "website": "https://www.regionsjaelland.dk",
        "contact_points": [{"name": "Sekretariatet", "town": "Sorø", "phone": "+45 57 87 57 87"}],
        "members": [{"organisation": "lolland-kommune", "period": {"start": "2026-01-01", "end": None}}],
        "sources": [{"document": "kommuner-og-regioner", "fields": ["/members/0/organisation"]}],
    }


class Organisation(OrganisationFields[Ref], Record):
    """Whoever agrees, carries out, sits, pays or receives."""

    successors: list[Ref]
    """The organisations that took over its tasks, wholly or in part."""
    current_members: list[Member[Ref]]
    """Its members on the day asked about as far as is known: none of whom it is known that they came later or had left,
    and nobody when the organisation itself did not exist."""
