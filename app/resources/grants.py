"""Grants: money from a programme for an initiative, from the application to the last account."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, Literal, Self

from fastapi import Query
from pydantic import Field, model_validator
from sqlalchemy.orm import Mapped
from typing_extensions import TypeAliasType

from app.db import PartRow, RecordRow, danish_order, once, part_of, refers_to
from app.rest.dates import StatedDate
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import (
    Absent,
    Amount,
    Currency,
    Day,
    Id,
    Money,
    Page,
    R,
    Record,
    RecordData,
    Ref,
    Schema,
    Text,
    wrong,
)

GrantStatus = TypeAliasType(
    "GrantStatus",
    Annotated[
        Literal["applied", "awarded", "rejected", "withdrawn", "closed"],
        Field(
            description="""- `applied`: applied for, not decided
- `awarded`: granted
- `rejected`: refused
- `withdrawn`: the application was taken back
- `closed`: accounted for and ended"""
        ),
    ],
)


class GrantRow(RecordRow):
    __tablename__ = "grant"

    title: Mapped[str]
    programme_id: Mapped[str] = refers_to("funding_programme")
    funder_id: Mapped[str | None] = refers_to("organisation")
    initiative_id: Mapped[str | None] = refers_to("initiative")
    status: Mapped[str | None]
    sought_amount: Mapped[Decimal | None]
    sought_currency: Mapped[str | None]
    awarded_amount: Mapped[Decimal | None]
    awarded_currency: Mapped[str | None]
    award_date_edtf: Mapped[str | None]
    award_date_earliest: Mapped[date | None]
    award_date_latest: Mapped[date | None]
    conditional: Mapped[bool | None]
    conditions: Mapped[str | None]
    recovered_amount: Mapped[Decimal | None]
    recovered_currency: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class RecipientRow(PartRow):
    __tablename__ = "grant_recipient"
    __table_args__ = (once("organisation_id"),)

    record_id: Mapped[str] = part_of("grant")
    organisation_id: Mapped[str] = refers_to("organisation")


class InstalmentRow(PartRow):
    __tablename__ = "grant_instalment"

    record_id: Mapped[str] = part_of("grant")
    planned_on: Mapped[date | None]
    planned_amount: Mapped[Decimal | None]
    planned_currency: Mapped[str | None]
    paid_on: Mapped[date | None]
    paid_amount: Mapped[Decimal | None]
    paid_currency: Mapped[str | None]


class AccountRow(PartRow):
    __tablename__ = "grant_account"

    record_id: Mapped[str] = part_of("grant")
    due_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    claimed_amount: Mapped[Decimal | None]
    claimed_currency: Mapped[str | None]
    accepted_amount: Mapped[Decimal | None]
    accepted_currency: Mapped[str | None]
    rejected_amount: Mapped[Decimal | None]
    rejected_currency: Mapped[str | None]
    auditor: Mapped[str | None]


class Recipient(Schema, Generic[R]):
    """Who receives the grant."""

    organisation: R
    """The recipient."""


class Instalment(Schema, Generic[R]):
    """A part of the grant, as planned and as paid."""

    planned_on: Day | None = Field(examples=["2014-12-01"])
    """The day for which the payment was planned; null when unknown."""
    planned: Money | None
    """What was planned; null when unknown."""
    paid_on: Day | None = Field(examples=["2014-12-08"])
    """The day on which it was paid; null when it was not, or when that is unknown."""
    paid: Money | None
    """What was paid; null when nothing was, or when that is unknown."""


class Account(Schema, Generic[R]):
    """What the recipient has accounted for, and what became of it."""

    due_on: Day | None = Field(examples=["2015-09-30"])
    """The last day for delivering the account; null when unknown."""
    delivered_on: Day | None = Field(examples=["2015-09-28"])
    """The day on which it was delivered; null when it was not, or when that is unknown."""
    claimed: Money | None
    """What was claimed; null when unknown."""
    accepted: Money | None
    """What was accepted; null when nothing has been decided, or when that is unknown."""
    rejected: Money | None
    """What was rejected; null when nothing has been decided, or when that is unknown."""
    auditor: Text | None = Field(examples=["BDO Statsautoriseret revisionsaktieselskab"])
    """Whose statement goes with it; null when there is none or when that is unknown."""


class GrantFields(RecordData[R], Generic[R]):
    """Money from a programme for an initiative."""

    title: Text = Field(examples=["ERUF-støtte til forprojektet om de primære sundhedstjenester"])
    """What the grant is for, in short."""
    programme: R
    """The programme that it comes from."""
    funder: R | None
    """The organisation that pays; null when unknown."""
    initiative: R | None
    """The initiative that it pays for; null when unknown."""
    status: GrantStatus | None = Field(examples=["awarded"])
    """Where it stands; null when unknown."""
    sought: Money | None
    """What was applied for; null when unknown."""
    awarded: Money | None
    """What was granted, exact to the cent; null when nothing was, or when that is unknown."""
    award_date: StatedDate | None
    """When it was granted, as precisely as it was stated; null when unknown."""
    conditional: bool | None = Field(examples=[False])
    """Whether the award depends on something, such as next year's Finance Act; null when unknown."""
    conditions: Text | None = Field(examples=["Under forudsætning af finanslovens vedtagelse"])
    """What it depends on or obliges to; null when nothing is stated."""
    recovered: Money | None
    """What had to be paid back; null when nothing, or when that is unknown."""
    recipients: list[Recipient[R]]
    """Who receives it."""
    instalments: list[Instalment[R]]
    """What was planned and paid, the earliest first."""
    accounts: list[Account[R]]
    """What was accounted for, the earliest first."""

    @model_validator(mode="after")
    def _pays_within_the_award(self) -> Self:
        if self.awarded is None:
            return self
        paid = [instalment.paid for instalment in self.instalments if instalment.paid]
        for amounts, what in (
            (paid, "What is paid"),
            ([self.recovered] if self.recovered else [], "What is recovered"),
        ):
            if any(money.currency != self.awarded.currency for money in amounts):
                raise wrong(f"{what} is in the currency of the award, {self.awarded.currency}")
            if (total := sum(money.amount for money in amounts)) > self.awarded.amount:
                raise wrong(f"{what} comes to {total}, above the award of {self.awarded.amount}")
        return self


class GrantData(GrantFields[Id]):
    """A grant as it is written."""


class Grant(GrantFields[Ref], Record):
    """Money from a programme for an initiative."""


class GrantQuery(ListQuery):
    """What the grants can be asked."""

    programme: Annotated[list[Id] | Absent, any_of(GrantRow.programme_id)] = Field(
        None, examples=[["delprogram-oeresund"]]
    )
    """Only grants from these programmes, by id."""
    funder: Annotated[list[Id] | Absent, any_of(GrantRow.funder_id)] = Field(None, examples=[["sundhedsministeriet"]])
    """Only grants that these organisations, by id, pay."""
    recipient: Annotated[list[Id] | Absent, any_of(RecipientRow.organisation_id)] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only grants that one of these organisations, by id, receives."""
    initiative: Annotated[list[Id] | Absent, any_of(GrantRow.initiative_id)] = Field(
        None, examples=[["sammenhaengende-borgerforloeb-for-multibrugere"]]
    )
    """Only grants for these initiatives, by id."""
    status: Annotated[list[GrantStatus] | Absent, any_of(GrantRow.status)] = Field(None, examples=[["awarded"]])
    """Only grants with one of these statuses."""
    currency: Annotated[list[Currency] | Absent, any_of(GrantRow.awarded_currency)] = Field(None, examples=[["DKK"]])
    """Only grants awarded in these currencies."""
    awarded_min: Annotated[Amount | Absent, Where(lambda amount: GrantRow.awarded_amount >= amount)] = Field(
        None, examples=[100000]
    )
    """Only grants of at least this amount, in their own currency."""
    awarded_max: Annotated[Amount | Absent, Where(lambda amount: GrantRow.awarded_amount <= amount)] = Field(
        None, examples=[2000000]
    )
    """Only grants of at most this amount, in their own currency."""
    awarded_from: Annotated[Day | Absent, Where(lambda day: GrantRow.award_date_earliest >= day)] = Field(
        None, examples=["2014-01-01"]
    )
    """Only grants that were certainly awarded on this day or later."""
    awarded_to: Annotated[Day | Absent, Where(lambda day: GrantRow.award_date_latest <= day)] = Field(
        None, examples=["2014-12-31"]
    )
    """Only grants that were certainly awarded on this day or earlier."""
    conditional: Annotated[bool | Absent, Where(lambda yes: GrantRow.conditional == yes)] = Field(None, examples=[True])
    """Only grants that are known to depend on something, or known not to."""
    sort: Annotated[
        Literal["title", "-title", "awarded", "-awarded", "award_date", "-award_date"],
        Sorts(title=GrantRow.sort_title, awarded=GrantRow.awarded_amount, award_date=GrantRow.award_date_earliest),
    ] = Field("title", examples=["-awarded"])
    """What to sort by; with `-` in front, from the last to the first. Amounts of all currencies are sorted as numbers;
    unknown comes last."""


grants = Resource(
    name="funding/grants",
    about="*Bevillinger* and *tilsagn*: who got how much for what, and what became of it.",
    example="multibrugere-2014",
    public=Grant,
    data=GrantData,
    row=GrantRow,
    parts={"recipients": RecipientRow, "instalments": InstalmentRow, "accounts": AccountRow},
)


@grants.router.get("")
async def list_grants(query: Annotated[GrantQuery, Query()], read: Reading) -> Json[Page[Grant]]:
    """Grants, in Danish order of their titles unless asked otherwise."""
    return await grants.page(read, query)


@grants.router.get("/{id}")
async def get_grant(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Grant]:
    """One grant, with its recipients, instalments and accounts."""
    return await grants.one(read, id, query)
