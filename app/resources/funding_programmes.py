"""Funding programmes: EU programmes, pools and own funds, from which grants are given."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Generic, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Date, Numeric, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, aliased, mapped_column
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.dates import Period
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.money import Funds
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Count, Day, Id, Page, R, Record, RecordData, Ref, Schema, Term, Text
from app.rest.sent import Sent
from app.rest.view import current, many

FundingProgrammeKind = TypeAliasType(
    "FundingProgrammeKind",
    Annotated[
        Literal["eu_programme", "sub_programme", "pool", "own_funds"],
        Field(
            description="""- `eu_programme`: a programme of the European Union
- `sub_programme`: a part of a programme, a *delprogram*
- `pool`: a *pulje* that a ministry or authority gives out
- `own_funds`: what an organisation pays from its own budget"""
        ),
    ],
)


class FundingProgrammeRow(RecordRow):
    __tablename__ = "funding_programme"

    kind: Mapped[str]
    name: Mapped[str]
    fund: Mapped[str | None]
    parent_id: Mapped[str | None] = refers_to("funding_programme")
    manager_id: Mapped[str | None] = refers_to("organisation")
    decided_by_id: Mapped[str | None] = refers_to("organisation")
    decided_by_office: Mapped[str | None]
    period: Mapped[Range[date] | None]
    frame_amount: Mapped[Decimal | None]
    frame_currency: Mapped[str | None]
    sort_name: Mapped[str] = danish_order("name")


class CofinancingRuleRow(PartRow):
    __tablename__ = "funding_programme_cofinancing_rule"

    record_id: Mapped[str] = part_of("funding_programme")
    project_kind: Mapped[str | None]
    partner_country: Mapped[str | None]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    cap_amount: Mapped[Decimal | None]
    cap_currency: Mapped[str | None]


class CallRow(PartRow):
    __tablename__ = "funding_programme_call"
    __table_args__ = (UniqueConstraint("record_id", "title"),)

    record_id: Mapped[str] = part_of("funding_programme")
    title: Mapped[str]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    frame_amount: Mapped[Decimal | None]
    frame_currency: Mapped[str | None]
    applications: Mapped[int | None]
    sought_amount: Mapped[Decimal | None]
    sought_currency: Mapped[str | None]
    awards: Mapped[int | None]


Rate = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4, json_schema_extra={"type": "number"})]


class CofinancingRule(Schema, Generic[R]):
    """How much of a project the programme pays at the most."""

    project_kind: Text | None = Field(examples=["pre_project"])
    """The kind of project that the rule is for; null when for all."""
    partner_country: Text | None = Field(examples=["NO"])
    """ISO 3166-1 code of the partner's country that the rule is for; null when for all."""
    rate: Rate | None = Field(examples=[50])
    """The highest share that the programme pays, in per cent; null when not stated."""
    cap: Funds
    """The highest amount that the programme pays; null when there is no cap."""


class Call(Schema, Generic[R]):
    """An invitation to apply."""

    title: Text = Field(examples=["Første ansøgningsrunde"])
    """What the call is called."""
    opens_on: Day | None = Field(examples=["2014-01-15"])
    """The first day for applications; null when unknown."""
    closes_on: Day | None = Field(examples=["2014-03-31"])
    """The last day for applications; null when unknown."""
    frame: Funds
    """How much there is to give; null when unknown."""
    applications: Count | None = Field(examples=[30])
    """How many applied; null when unknown."""
    sought: Funds
    """What they applied for in all; null when unknown."""
    awards: Count | None = Field(examples=[18])
    """How many were granted; null when unknown."""


class FundingProgrammeFields(RecordData[R], Generic[R]):
    """Where money comes from: an EU programme, a pool, own funds."""

    kind: FundingProgrammeKind = Field(examples=["pool"])
    """What sort of programme it is."""
    name: Text = Field(examples=["Pulje til at reducere ulighed i sundhed"])
    """What it is called."""
    fund: Text | None = Field(examples=["ERUF"])
    """The fund behind it, by its published abbreviation; null when there is none or none is known."""
    parent: R | None
    """The programme that it is a part of; null when it stands alone or that is unknown."""
    manager: R | None
    """The organisation that manages it; null when unknown."""
    decided_by: R | None
    """The organisation that decides about grants; null when unknown."""
    decided_by_office: Text | None = Field(examples=["sundhedsminister"])
    """The office in it that decides; null when not stated."""
    period: Period | None
    """When it gives grants; null when unknown."""
    frame: Funds
    """How much there is to give in all; null when unknown."""
    cofinancing_rules: list[CofinancingRule[R]]
    """How much of a project it pays at the most."""
    calls: list[Call[R]]
    """Its invitations to apply, the earliest first."""


class FundingProgrammeData(FundingProgrammeFields[Id]):
    """A funding programme as it is written."""

    example: ClassVar = {
        "kind": "pool",
        "name": "Eksempel: pulje til nære akutpladser",
        "manager": "sundhedsministeriet",
        "period": {"start": "2026-01-01", "end": "2030-01-01"},
        "frame": {"amount": 20000000.00, "currency": "DKK"},
        "cofinancing_rules": [{"rate": 50}],
        "calls": [{"title": "Første ansøgningsrunde", "opens_on": "2026-02-01", "closes_on": "2026-04-01"}],
    }


class FundingProgramme(FundingProgrammeFields[Ref], Record):
    """Where money comes from: an EU programme, a pool, own funds."""

    children: list[Ref]
    """The programmes that are parts of it."""


Child = aliased(FundingProgrammeRow)


class FundingProgrammeQuery(ListQuery):
    """What the funding programmes can be asked."""

    kind: Annotated[list[FundingProgrammeKind] | Absent, any_of(FundingProgrammeRow.kind)] = Field(
        None, examples=[["pool"]]
    )
    """Only programmes of these kinds."""
    fund: Annotated[list[Term] | Absent, any_of(FundingProgrammeRow.fund)] = Field(None, examples=[["ERUF"]])
    """Only programmes of these funds."""
    parent: Annotated[list[Id] | Absent, any_of(FundingProgrammeRow.parent_id)] = Field(
        None, examples=[["delprogram-oeresund"]]
    )
    """Only parts of these programmes, by id."""
    manager: Annotated[list[Id] | Absent, any_of(FundingProgrammeRow.manager_id)] = Field(
        None, examples=[["sundhedsministeriet"]]
    )
    """Only programmes that these organisations, by id, manage."""
    active: Annotated[bool | Absent, Where(lambda yes: current(FundingProgrammeRow) == yes)] = Field(
        None, examples=[True]
    )
    """Only programmes that are known to give grants on the day asked about, or known not to; whose
    period is unknown is in neither answer."""
    sort: Annotated[
        Literal["name", "-name", "start", "-start"],
        Sorts(name=FundingProgrammeRow.sort_name, start=func.lower(FundingProgrammeRow.period, type_=Date)),
    ] = Field("name", examples=["-start"])
    """What to sort by; with `-` in front, from the last to the first. Names are in Danish order; unknown comes last."""


funding_programmes = Resource(
    name="funding/programmes",
    about="EU programmes (*ERUF*, *delprogrammer*), pools (*puljer*) and own funds.",
    example="pulje-til-at-reducere-ulighed-i-sundhed",
    public=FundingProgramme,
    data=FundingProgrammeData,
    row=FundingProgrammeRow,
    query=FundingProgrammeQuery,
    parts={"cofinancing_rules": CofinancingRuleRow, "calls": CallRow},
    computed={"children": many(Ref, Child, Child.parent_id == FundingProgrammeRow.id, order=[Child.id])},
)


@funding_programmes.router.get("")
async def list_funding_programmes(
    query: Annotated[FundingProgrammeQuery, Query()], read: Reading
) -> Json[Page[FundingProgramme]]:
    """Funding programmes, in Danish order unless asked otherwise."""
    return await funding_programmes.page(read, query)


@funding_programmes.router.get("/{id}")
async def get_funding_programme(
    id: RecordId, query: Annotated[Moment, Query()], read: Reading
) -> Json[FundingProgramme]:
    """One funding programme, with its rules, its calls and its parts."""
    return await funding_programmes.one(read, id, query)


@funding_programmes.router.get("/{id}/history")
async def funding_programme_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a funding programme when and why, and what became different each time."""
    return await funding_programmes.history(read, id, query, caller)


@funding_programmes.router.post("", status_code=201)
async def create_funding_programme(write: Writing, body: Sent[FundingProgrammeData]) -> Json[FundingProgramme]:
    """Add a funding programme; its id is made from its name unless the body chooses one."""
    return await funding_programmes.create(write, body)


@funding_programmes.router.put("/{id}")
async def replace_funding_programme(
    id: RecordId, write: Writing, body: Sent[FundingProgrammeData]
) -> Json[FundingProgramme]:
    """Make a funding programme be what the body says, or create it under this id."""
    return await funding_programmes.replace(write, id, body)


@funding_programmes.router.patch("/{id}")
async def patch_funding_programme(
    id: RecordId, write: Writing, body: Sent[FundingProgrammeData]
) -> Json[FundingProgramme]:
    """Change what the body names of a funding programme, and nothing else."""
    return await funding_programmes.patch(write, id, body)


@funding_programmes.router.delete("/{id}", status_code=204)
async def delete_funding_programme(id: RecordId, write: Deleting) -> Response:
    """Delete a funding programme that no other record refers to."""
    return await funding_programmes.delete(write, id)


@funding_programmes.router.post("/{id}/restore")
async def restore_funding_programme(id: RecordId, write: Writing) -> Json[FundingProgramme]:
    """Bring back a deleted funding programme as it last was."""
    return await funding_programmes.restore(write, id)
