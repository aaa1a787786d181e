"""The shapes of grants, read and written, and what can have been paid."""

from typing import Annotated, ClassVar, Generic, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import TypeAliasType

from app.rest.dates import StatedDate
from app.rest.money import Funds, Money
from app.rest.rules import wrong
from app.rest.schema import Day, Id, R, Record, RecordData, Ref, Schema, Text

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
Opinion = TypeAliasType(
    "Opinion",
    Annotated[
        Literal["unqualified", "qualified", "adverse", "disclaimer"],
        Field(
            description="""- `unqualified`: *uden forbehold*
- `qualified`: *med forbehold*
- `adverse`: *afkræftende*
- `disclaimer`: the auditor could not conclude (*manglende konklusion*)"""
        ),
    ],
)


class Recipient(Schema, Generic[R]):
    """Who receives the grant."""

    organisation: R
    """The recipient."""
    share: Funds
    """How much of the grant is the recipient's; null when it is not divided, or when that is unknown."""


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


class Audit(Schema, Generic[R]):
    """An auditor's statement on an account."""

    auditor: Text = Field(examples=["BDO Statsautoriseret revisionsaktieselskab"])
    """Whose statement it is."""
    opinion: Opinion | None = Field(examples=["unqualified"])
    """What it comes to; null when unknown."""
    given_on: Day | None = Field(examples=["2015-09-20"])
    """The day on which it was given; null when unknown."""


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
    audit: Audit[R] | None
    """The auditor's statement that goes with it; null when there is none, or when that is unknown."""


class Report(Schema, Generic[R]):
    """A report on what the grant was used for."""

    title: Text = Field(examples=["Slutrapport"])
    """What is to be reported."""
    due_on: Day | None = Field(examples=["2016-03-31"])
    """The last day for delivering it; null when unknown."""
    delivered_on: Day | None = Field(examples=["2016-03-29"])
    """The day on which it was delivered; null when it was not, or when that is unknown."""


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
    call: Text | None = Field(examples=["Første ansøgningsrunde"])
    """The programme's call that was answered, by its title there; null when there was none or none is known."""
    applied: StatedDate | None
    """When it was applied for, as precisely as it was stated; null when unknown."""
    sought: Funds
    """What was applied for; null when unknown."""
    awarded: Funds
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
    """What was planned and paid, the earliest first. All that is paid is in one currency, that of an award."""
    accounts: list[Account[R]]
    """What was accounted for, the earliest first."""
    reports: list[Report[R]]
    """What was reported, the earliest first."""

    @model_validator(mode="after")
    def _pays_within_the_award(self) -> Self:
        paid = [instalment.paid for instalment in self.instalments if instalment.paid]
        if len({money.currency for money in paid}) > 1:
            raise wrong("All that is paid of a grant is in one currency", "instalments")
        if self.awarded is None:
            return self
        shares = [recipient.share for recipient in self.recipients if recipient.share]
        for field, amounts, what in (
            ("recipients", shares, "What the recipients share"),
            ("instalments", paid, "What is paid"),
            ("recovered", [self.recovered] if self.recovered else [], "What is recovered"),
        ):
            if any(money.currency != self.awarded.currency for money in amounts):
                raise wrong(f"{what} is in the currency of the award, {self.awarded.currency}", field)
            if (total := sum(money.amount for money in amounts)) > self.awarded.amount:
                raise wrong(f"{what} comes to {total}, above the award of {self.awarded.amount}", field)
        return self


class GrantData(GrantFields[Id]):
    """A grant as it is written."""

    example: ClassVar = {
        "title": "Eksempel: støtte til fælles akutteam",
        "programme": "pulje-til-at-reducere-ulighed-i-sundhed",
        "funder": "sundhedsministeriet",
        "initiative": "broen-til-bedre-sundhed",
        "status": "awarded",
        "awarded": {"amount": 500000.00, "currency": "DKK"},
        "award_date": {"edtf": "2026-05"},
        "recipients": [{"organisation": "lolland-kommune", "share": {"amount": 500000.00, "currency": "DKK"}}],
        "instalments": [{"planned_on": "2026-06-01", "planned": {"amount": 250000.00, "currency": "DKK"}}],
        "reports": [{"title": "Slutrapport", "due_on": "2028-03-31"}],
    }


class Grant(GrantFields[Ref], Record):
    """Money from a programme for an initiative."""
