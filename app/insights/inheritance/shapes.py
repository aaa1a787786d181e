"""The shapes of what passes to a region."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field
from typing_extensions import TypeAliasType

from app.rest.schema import Count, Day, Id, RecordPath, Ref, Schema, Text

T = TypeVar("T", bound=Schema)
DutyKind = TypeAliasType(
    "DutyKind",
    Annotated[
        Literal["account", "report"],
        Field(
            description="""- `account`: a *regnskab* over what was spent
- `report`: a report on what the grant was used for"""
        ),
    ],
)


class Inherited(Schema):
    """A record that passes on, or ends."""

    id: Id = Field(examples=["sundhedsaftale-sjaelland-2024"])
    """Its id."""
    name: str = Field(examples=["Sundhedsaftalen 2024-2027"])
    """Its name or title."""
    path: RecordPath = Field(examples=["health-agreements/sundhedsaftale-sjaelland-2024"])
    """Its path below /v1."""


class InheritedAgreement(Inherited):
    """An agreement of a predecessor."""

    in_force: bool | None = Field(examples=[True])
    """Whether it is known to be in force; null when it may be, as `in_force=` of the agreements has it."""


class InheritedDuty(Inherited):
    """An account or a report that is not known to have been delivered, with the grant that it belongs to."""

    kind: DutyKind = Field(examples=["report"])
    """What is to be delivered."""
    title: Text | None = Field(examples=["Slutrapport"])
    """What is to be reported; null for an account."""
    due_on: Day | None = Field(examples=["2027-03-31"])
    """The last day for delivering it; null when unknown."""


class EndingOffice(Inherited):
    """An office in an organisation that ends; whoever holds it is told by the organisation."""

    title: Text = Field(examples=["regionsrådsformand"])
    """The office."""


class Counted(Schema, Generic[T]):
    """A list, and how long it is."""

    count: Count = Field(examples=[1])
    """How many there are."""
    items: list[T]
    """All of them, in Danish order."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Counted[Thing] is called CountedThing."""
        return f"Counted{params[0].__name__}"


class Passing(Inherited):
    """A change of areas that made the region, and what passes to it thereby, as it is known on one day."""

    effective_on: Day = Field(examples=["2027-01-01"])
    """The first day after the change."""
    legal_act: Text | None = Field(examples=["L 214 (folketingsåret 2024-25)"])
    """The act that orders the change; null when unknown."""
    note: Text | None = Field(examples=["Region Østdanmark overtager alle aktiver og forpligtelser."])
    """What else there is to know of it, in Danish; null when nothing."""
    known_on: Day = Field(examples=["2026-12-31"])
    """The day on which things are as told here: the day asked about, or the last one before the change when that has
    come."""
    predecessors: Counted[Inherited]
    """The regions that end with the change and go into the new one."""
    agreements: Counted[InheritedAgreement]
    """Their agreements in force, and those not known to have ended."""
    grants: Counted[Inherited]
    """The grants that their authorities receive and that are not closed, rejected or withdrawn."""
    duties: Counted[InheritedDuty]
    """The accounts and reports of these grants that are not known to have been delivered."""
    initiatives: Counted[Inherited]
    """The initiatives that their authorities lead or are partners in, and that are not known to be over."""
    bodies: Counted[Inherited]
    """The committees and other bodies that are theirs alone: they drafted their agreements, or follow one that did, or
    their authorities sit there and no other region's. With the regions they end or turn into others."""
    offices: Counted[EndingOffice]
    """The offices in their authorities and bodies that are not known to have ended before."""


class Inheritance(Schema):
    """What passes to a region from those that it directly comes from."""

    as_of: Day = Field(examples=["2027-01-01"])
    """The day asked about."""
    region: Ref
    """The region."""
    changes: list[Passing]
    """The changes that made it, the earliest first, past or to come; empty when it comes from no other."""
