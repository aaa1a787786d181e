"""Consultations: what was sent out to be heard, who answered, and what became of each answer."""

from datetime import date
from typing import Annotated, ClassVar, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, model_validator
from sqlalchemy import Date, func
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.dates import Period, StatedDate
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import exactly_one, wrong
from app.rest.schema import Absent, Id, Page, R, Record, RecordData, Ref, Schema, Text
from app.rest.sent import Sent
from app.rest.view import current

ResponseOutcome = TypeAliasType(
    "ResponseOutcome",
    Annotated[
        Literal["taken_in", "partly_taken_in", "rejected"],
        Field(
            description="""- `taken_in`: the text was changed as the response asks
- `partly_taken_in`: it was changed in part
- `rejected`: it was not changed"""
        ),
    ],
)


class ConsultationRow(RecordRow):
    __tablename__ = "consultation"

    title: Mapped[str]
    agreement_id: Mapped[str | None] = refers_to("health_agreement")
    plan_id: Mapped[str | None] = refers_to("plan")
    held_by_id: Mapped[str | None] = refers_to("organisation")
    period: Mapped[Range[date] | None]
    sort_title: Mapped[str] = danish_order("title")


class ResponseRow(PartRow):
    __tablename__ = "consultation_response"

    record_id: Mapped[str] = part_of("consultation")
    organisation_id: Mapped[str | None] = refers_to("organisation")
    described_as: Mapped[str | None]
    received_edtf: Mapped[str | None]
    received_earliest: Mapped[date | None]
    received_latest: Mapped[date | None]
    summary: Mapped[str | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]


class ConsultationResponse(Schema, Generic[R]):
    """A *høringssvar*, and what became of it."""

    organisation: R | None
    """Who responded; null when a source only describes it."""
    described_as: Text | None = Field(examples=["en patientforening"])
    """Who responded, in the words of the source; null when the organisation is named."""
    received: StatedDate | None
    """When it came, as precisely as it was stated; null when unknown."""
    summary: Text | None = Field(examples=["Ønsker et mål for genoptræning"])
    """What it asks for, in short; null when unknown."""
    outcome: ResponseOutcome | None = Field(examples=["rejected"])
    """What became of it; null when it has not been decided, or when that is unknown."""
    reason: Text | None = Field(examples=["Genoptræning er dækket af mål 2"])
    """Why; null when no reason is given."""

    @model_validator(mode="after")
    def _is_somebodys(self) -> Self:
        exactly_one(self, "organisation", "described_as")
        if self.reason is not None and self.outcome is None:
            raise wrong("A reason belongs to an outcome; give taken_in, partly_taken_in or rejected", "reason")
        return self


class ConsultationFields(RecordData[R], Generic[R]):
    """That a draft was sent out to be heard."""

    title: Text = Field(examples=["Høring over Sundhedsaftalen 2024-2027 i Region Syddanmark"])
    """What it is called."""
    agreement: R | None
    """The health agreement that it was about; null when it was about a plan."""
    plan: R | None
    """The plan that it was about; null when it was about an agreement."""
    held_by: R | None
    """Who held it; null when unknown."""
    period: Period | None
    """From its first day to the day after the last for responses; null when unknown."""
    responses: list[ConsultationResponse[R]]
    """Who responded with what, and what became of it."""

    @model_validator(mode="after")
    def _is_about_one(self) -> Self:
        exactly_one(self, "agreement", "plan")
        return self


class ConsultationData(ConsultationFields[Id]):
    """A consultation as it is written."""

    example: ClassVar = {
        "title": "Eksempel: høring over en tillægsaftale",
        "agreement": "sundhedsaftale-sjaelland-2024",
        "held_by": "region-sjaelland",
        "period": {"start": "2026-10-01", "end": "2026-11-01"},
        "responses": [
            {"organisation": "lolland-kommune", "outcome": "taken_in"},
            {"described_as": "en patientforening", "outcome": "rejected", "reason": "Dækket af mål 2"},
        ],
    }


class Consultation(ConsultationFields[Ref], Record):
    """That a draft was sent out to be heard."""


class ConsultationQuery(ListQuery):
    """What the consultations can be asked."""

    agreement: Annotated[list[Id] | Absent, any_of(ConsultationRow.agreement_id)] = Field(
        None, examples=[["sundhedsaftale-syddanmark-2024"]]
    )
    """Only consultations about these health agreements, by id."""
    plan: Annotated[list[Id] | Absent, any_of(ConsultationRow.plan_id)] = Field(
        None, examples=[["sundhedsplan-syddanmark"]]
    )
    """Only consultations about these plans, by id."""
    organisation: Annotated[list[Id] | Absent, any_of(ResponseRow.organisation_id)] = Field(
        None, examples=[["vejen-kommune"]]
    )
    """Only consultations to which one of these organisations, by id, responded."""
    outcome: Annotated[list[ResponseOutcome] | Absent, any_of(ResponseRow.outcome)] = Field(
        None, examples=[["rejected"]]
    )
    """Only consultations with a response that was dealt with in one of these ways."""
    open: Annotated[bool | Absent, Where(lambda yes: current(ConsultationRow) == yes)] = Field(None, examples=[False])
    """Only consultations that are known to take responses on the day asked about, or known not to; whose period is
    unknown is in neither answer."""
    sort: Annotated[
        Literal["title", "-title", "start", "-start"],
        Sorts(title=ConsultationRow.sort_title, start=func.lower(ConsultationRow.period, type_=Date)),
    ] = Field("title", examples=["-start"])
    """What to sort by; with `-` in front, from the last to the first. Titles in Danish order; unknown comes last."""


consultations = Resource(
    name="consultations",
    about="*Høringer* of agreements and plans, each response (*høringssvar*) and what became of it.",
    example="hoering-sundhedsaftale-syddanmark-2024",
    public=Consultation,
    data=ConsultationData,
    row=ConsultationRow,
    query=ConsultationQuery,
    parts={"responses": ResponseRow},
)


@consultations.router.get("")
async def list_consultations(query: Annotated[ConsultationQuery, Query()], read: Reading) -> Json[Page[Consultation]]:
    """Consultations, in Danish order of their titles unless asked otherwise."""
    return await consultations.page(read, query)


@consultations.router.get("/{id}")
async def get_consultation(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Consultation]:
    """One consultation, with every response and what became of it."""
    return await consultations.one(read, id, query)


@consultations.router.get("/{id}/history")
async def consultation_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a consultation when and why, and what became different each time."""
    return await consultations.history(read, id, query, caller)


@consultations.router.post("", status_code=201)
async def create_consultation(write: Writing, body: Sent[ConsultationData]) -> Json[Consultation]:
    """Add a consultation; its id is made from its title unless the body chooses one."""
    return await consultations.create(write, body)


@consultations.router.put("/{id}")
async def replace_consultation(id: RecordId, write: Writing, body: Sent[ConsultationData]) -> Json[Consultation]:
    """Make a consultation be what the body says, or create it under this id."""
    return await consultations.replace(write, id, body)


@consultations.router.patch("/{id}")
async def patch_consultation(id: RecordId, write: Writing, body: Sent[ConsultationData]) -> Json[Consultation]:
    """Change what the body names of a consultation, and nothing else."""
    return await consultations.patch(write, id, body)


@consultations.router.delete("/{id}", status_code=204)
async def delete_consultation(id: RecordId, write: Deleting) -> Response:
    """Delete a consultation that no other record refers to."""
    return await consultations.delete(write, id)


@consultations.router.post("/{id}/restore")
async def restore_consultation(id: RecordId, write: Writing) -> Json[Consultation]:
    """Bring back a deleted consultation as it last was."""
    return await consultations.restore(write, id)
