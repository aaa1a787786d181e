"""Events: summits, conferences, meetings and study visits, dated or not."""

from datetime import date
from typing import Annotated, ClassVar, Generic, Literal, Self

from fastapi import Query, Response
from pydantic import Field, model_validator
from sqlalchemy.orm import Mapped
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, danish_order, part_of, refers_to
from app.rest.dates import StatedDate
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.rules import wrong
from app.rest.schema import Absent, Count, Day, Id, Page, R, Record, RecordData, Ref, Schema, Text
from app.rest.sent import Sent

EventKind = TypeAliasType(
    "EventKind",
    Annotated[
        Literal["summit", "conference", "meeting", "study_visit"],
        Field(
            description="""- `summit`: a *topmøde* of those who decide
- `conference`: a *konference* of many
- `meeting`: a *møde*
- `study_visit`: a *studietur* to learn from others"""
        ),
    ],
)


class EventRow(RecordRow):
    __tablename__ = "event"

    kind: Mapped[str]
    title: Mapped[str]
    date_edtf: Mapped[str | None]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    place: Mapped[str | None]
    host_id: Mapped[str | None] = refers_to("organisation")
    agreement_id: Mapped[str | None] = refers_to("health_agreement")
    plan_id: Mapped[str | None] = refers_to("plan")
    summary: Mapped[str | None]
    themes: Mapped[list[str]]
    sort_title: Mapped[str] = danish_order("title")


class ParticipantRow(PartRow):
    __tablename__ = "event_participant"

    record_id: Mapped[str] = part_of("event")
    organisation_id: Mapped[str | None] = refers_to("organisation")
    described_as: Mapped[str | None]
    role: Mapped[str | None]
    count_min: Mapped[int | None]
    count_max: Mapped[int | None]


class Participant(Schema, Generic[R]):
    """Who took part: an organisation, or a group that a source only describes."""

    organisation: R | None
    """The organisation; null when a source only describes a group."""
    described_as: Text | None = Field(examples=["mere end 100 embedsmænd og politikere fra region og kommuner"])
    """The group, in the words of the source; null when the organisation is named."""
    role: Text | None = Field(examples=["oplægsholder"])
    """What the participant did; null when nothing is said."""
    count_min: Count | None = Field(examples=[101])
    """How many they were at the least: more than 100 is 101; null when not stated."""
    count_max: Count | None = Field(examples=[17])
    """How many they were at the most; null when not stated."""

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.organisation is None and self.described_as is None:
            raise wrong("A participant is an organisation, or described as a group; give one of the two")
        if self.count_min is not None and self.count_max is not None and self.count_min > self.count_max:
            raise wrong("count_min must not be above count_max", "count_min")
        return self


class EventFields(RecordData[R], Generic[R]):
    """An occasion on which people met."""

    kind: EventKind = Field(examples=["summit"])
    """What sort of event it was."""
    title: Text = Field(examples=["Topmøde om strategien for fremtidens nære sundhedsvæsen"])
    """The title as published; a description where the text gives none."""
    date: StatedDate | None
    """When, as precisely as it was stated; null when the text is undated."""
    place: Text | None = Field(examples=["Fredericia"])
    """Where; null when not stated."""
    host: R | None
    """The organisation that held it; null when not stated."""
    agreement: R | None
    """The health agreement that it was about; null when it was not about one."""
    plan: R | None
    """The plan that it was about; null when it was not about one."""
    summary: Text | None = Field(examples=["Alle deltagerne gik i dialog om dagens temaer."])
    """What happened; null when nothing was published."""
    themes: list[Text] = Field(examples=[["Fleksibel behandling i borgerens eget hjem"]])
    """What was talked about, in order."""
    participants: list[Participant[R]]
    """Who took part."""


class EventData(EventFields[Id]):
    """An event as it is written."""

    example: ClassVar = {
        "kind": "summit",
        "title": "Eksempel: topmøde om nære akutpladser",
        "date": {"edtf": "2026-09-17"},
        "place": "Sorø",
        "host": "region-sjaelland",
        "themes": ["Akutte pladser"],
        "participants": [{"organisation": "lolland-kommune", "role": "oplægsholder", "count_min": 2, "count_max": 5}],
    }


class Event(EventFields[Ref], Record):
    """An occasion on which people met."""


class EventQuery(ListQuery):
    """What the events can be asked."""

    kind: Annotated[list[EventKind] | Absent, any_of(EventRow.kind)] = Field(None, examples=[["summit"]])
    """Only events of these kinds."""
    host: Annotated[list[Id] | Absent, any_of(EventRow.host_id)] = Field(None, examples=[["region-syddanmark"]])
    """Only events that these organisations, by id, held."""
    participant: Annotated[list[Id] | Absent, any_of(ParticipantRow.organisation_id)] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only events in which one of these organisations, by id, took part."""
    organisation: Annotated[list[Id] | Absent, any_of(EventRow.host_id, ParticipantRow.organisation_id)] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only events that one of these organisations, by id, held or took part in."""
    agreement: Annotated[list[Id] | Absent, any_of(EventRow.agreement_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only events about these health agreements, by id."""
    plan: Annotated[list[Id] | Absent, any_of(EventRow.plan_id)] = Field(None, examples=[["sundhedsplan-syddanmark"]])
    """Only events about these plans, by id."""
    date_from: Annotated[Day | Absent, Where(lambda day: EventRow.date_earliest >= day)] = Field(
        None, examples=["2019-01-01"]
    )
    """Only events that were certainly on this day or later; the undated are left out."""
    date_to: Annotated[Day | Absent, Where(lambda day: EventRow.date_latest <= day)] = Field(
        None, examples=["2019-12-31"]
    )
    """Only events that were certainly on this day or earlier; the undated are left out."""
    dated: Annotated[bool | Absent, Where(lambda yes: EventRow.date_edtf.is_not(None) == yes)] = Field(
        None, examples=[False]
    )
    """Only events that have a date, or that have none."""
    sort: Annotated[
        Literal["title", "-title", "date", "-date"], Sorts(title=EventRow.sort_title, date=EventRow.date_earliest)
    ] = Field("title", examples=["-date"])
    """What to sort by; with `-` in front, from the last to the first. Titles in Danish order; the undated come last."""


events = Resource(
    name="events",
    about="*Topmøder*, *konferencer*, *studieture*: who met about what, dated or not.",
    example="topmoede-sjaelland-2019",
    public=Event,
    data=EventData,
    row=EventRow,
    query=EventQuery,
    parts={"participants": ParticipantRow},
)


@events.router.get("")
async def list_events(query: Annotated[EventQuery, Query()], read: Reading) -> Json[Page[Event]]:
    """Events, in Danish order of their titles unless asked otherwise; the undated ones too."""
    return await events.page(read, query)


@events.router.get("/{id}")
async def get_event(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Event]:
    """One event, with its themes and who took part."""
    return await events.one(read, id, query)


@events.router.get("/{id}/history")
async def event_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote an event when and why, and what became different each time."""
    return await events.history(read, id, query, caller)


@events.router.post("", status_code=201)
async def create_event(write: Writing, body: Sent[EventData]) -> Json[Event]:
    """Add an event; its id is made from its title unless the body chooses one."""
    return await events.create(write, body)


@events.router.put("/{id}")
async def replace_event(id: RecordId, write: Writing, body: Sent[EventData]) -> Json[Event]:
    """Make an event be what the body says, or create it under this id."""
    return await events.replace(write, id, body)


@events.router.patch("/{id}")
async def patch_event(id: RecordId, write: Writing, body: Sent[EventData]) -> Json[Event]:
    """Change what the body names of an event, and nothing else."""
    return await events.patch(write, id, body)


@events.router.delete("/{id}", status_code=204)
async def delete_event(id: RecordId, write: Deleting) -> Response:
    """Delete an event that no other record refers to."""
    return await events.delete(write, id)


@events.router.post("/{id}/restore")
async def restore_event(id: RecordId, write: Writing) -> Json[Event]:
    """Bring back a deleted event as it last was."""
    return await events.restore(write, id)
