"""The feed: every change in the order of the commits, page by page, waited for, or as a stream."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema

from app.insights.records import NAMES, ResourceName
from app.rest.events import EventStream
from app.rest.following import Feed, Place
from app.rest.history import Operation
from app.rest.known import Known
from app.rest.position import PositionText
from app.rest.reading import Reading
from app.rest.response import Json
from app.rest.rules import wrong
from app.rest.schema import Absent, Id, RecordPath, Schema

router: Final = APIRouter(prefix="/v1", tags=["changes"])

AT_ONCE: Final = 500
"""How many changes a stream reads at a time."""


def _of_a_resource(path: str) -> str:
    """A typing error would find nothing, and whoever waits for what was erased would think that nothing was."""
    if (resource := path.rpartition("/")[0]) not in NAMES:
        raise wrong(f"There is no resource {resource}; there is {', '.join(NAMES)}")
    return path


class StreamQuery(Schema):
    """Where somebody follows the changes, and which."""

    after: PositionText | Absent = Field(None, examples=["latest"])
    """The position after which to go on: `next` or `position` of an answer. `0`, as when left out, is the beginning,
    `latest` the end: only what is still to come."""
    resource: list[ResourceName] | Absent = Field(None, examples=[["municipalities"]])
    """Only changes of these resources' records."""
    record: list[Annotated[RecordPath, AfterValidator(_of_a_resource)]] | Absent = Field(
        None, examples=[["municipalities/dk-0360"]]
    )
    """Only changes of these records, by their paths below /v1: what to ask with `after=0` for all that is told now of a
    record of which something was erased."""

    def place(self, limit: int) -> Place:
        """Where and what to read."""
        resources, records = (tuple(named) if named else None for named in (self.resource, self.record))
        return Place(self.after or "0", resources, limit, records)


class ChangesQuery(StreamQuery, Known):
    """Which changes, and how long they are waited for."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[20])] = 100
    """How many changes a page has at the most."""
    wait: Annotated[int, Field(ge=0, le=60, examples=[1])] = 0
    """For how many seconds to wait for a change when there is none; the answer comes with the first that there is. Of
    what was known in the past there is nothing to wait for."""


class Change(Schema):
    """What was done to a record, and what it became."""

    position: str = Field(examples=["412-63f0c5a2b1d40"])
    """Where it stands: give it as `after` to go on from here. Opaque; it says which change of which log it is."""
    seq: int = Field(examples=[412])
    """Its number: they rise in the order of the commits, with gaps."""
    revision: int = Field(examples=[17])
    """The revision in which it was written, perhaps together with other records."""
    at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When (RFC 3339, UTC)."""
    resource: ResourceName = Field(examples=["municipalities"])
    """The resource that the record belongs to."""
    id: Id = Field(examples=["dk-0360"])
    """Its permanent id."""
    version: int = Field(examples=[2])
    """The version that it has from then on."""
    op: Operation = Field(examples=["replace"])
    """What was done."""
    value: Annotated[JsonValue | None, WithJsonSchema({})] = Field(examples=[{"names": {"da": "Lolland"}}])
    """The record as it was stored, with its parts, references as ids; null when it was deleted, then or before. Where
    details of a person were erased, `[slettet]` stands in their place, in all changes that told of them."""
    replaced_by: Id | None = Field(examples=[None])
    """The id of the record that stands for a deleted one; null where none does."""


class ChangePage(Schema):
    """Some changes, in the order of the commits."""

    items: list[Change]
    """The changes; none when there were none within the time that was waited."""
    next: str = Field(examples=["412-63f0c5a2b1d40"])
    """What to give as `after` to go on, always: also when there are none."""
    epoch: str = Field(examples=["4f1c0d2ab37e"])
    """Names the server and the database; another than before says that the register was moved, restored or failed over.
    A position that is lost by it is refused; all others go on."""


async def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


Following = Annotated[Feed, Depends(_feed)]
LastEventId = Annotated[
    PositionText | Absent,
    Header(
        alias="Last-Event-ID",
        description="The id of the last event that a client has seen, which browsers send by themselves when a stream "
        "has broken off; it goes before `after`.",
        examples=["latest"],
    ),
]


@router.get("/changes")
async def list_changes(query: Annotated[ChangesQuery, Query()], read: Reading, feed: Following) -> Json[ChangePage]:
    """Every change in the order of the commits: ask again with `next` as `after`, and none is missed or told twice."""
    changes = await feed.wait(read, query.place(query.limit), query.wait)
    body = f'{{"items":[{",".join(changes.items)}],"next":"{changes.next}","epoch":"{changes.epoch}"}}'
    return Json(body.encode())


@router.get("/changes/stream", response_class=EventStream, status_code=200)
async def stream_changes(
    query: Annotated[StreamQuery, Query()], read: Reading, feed: Following, last: LastEventId = None
) -> EventStream:
    """The changes as server-sent events, without end: each has its position as `id` and a `Change` as `data`."""
    place = query.place(AT_ONCE)
    if last:
        place = place._replace(after=last)
    changes = await feed.read(read, place)  # what is wrong is told before the stream begins
    return EventStream(feed.stream(read, place, changes), feed.following, read.settings.export_step_seconds)
