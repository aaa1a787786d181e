"""The snapshot: every record as it was after one change of the log, to begin to follow from there.

It is read from the log, which has each record as it was stored and is only ever added to: whoever is cut off goes on
where they were, in the same snapshot, whatever has been written since.
"""

import difflib
import json
from collections import Counter
from functools import cache, partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import text

from app.errors import BadParameters, StartAnew, bad_parameter
from app.insights.records import NAMES
from app.rest.export.answer import Export
from app.rest.export.formats import ACCEPT, NDJSON, VARY
from app.rest.export.text import Put, Rows
from app.rest.following import CHANGE, EPOCH, HELD, LOST
from app.rest.known import Known
from app.rest.position import Position, PositionText, position_of
from app.rest.reading import Reading, Statement
from app.rest.schema import Absent, RecordPath

router: Final = APIRouter(prefix="/v1", tags=["changes"])

BEGIN: Final = f"""
select c.seq, json_build_object('position', {position_of("c", "r")}, 'revision', r.id, 'at', r.at, 'epoch', {EPOCH}
    )::text as head
from change c join revision r on r.id = c.revision
where c.seq = coalesce(:seq, (select max(seq) from change)) and (cast(:seq as bigint) is null or {HELD})
"""
RECORDS: Final = f"""
select c.resource, {CHANGE} as item
from (
    select distinct on (resource, id) * from change
    where seq <= :seq and (resource, id) > (:resource, :id)
    order by resource, id, version desc
) c join revision r on r.id = c.revision
where c.value is not null
order by c.resource, c.id
"""


class SnapshotQuery(Known):
    """Which snapshot, and where in it."""

    at: PositionText | Absent = Field(None, examples=["latest"])
    """After which change: `position` in the first line of the snapshot that one has begun with, or any other; the
    newest when left out."""
    after: RecordPath | Absent = Field(None, examples=["municipalities/dk-0360"])
    """The last record that one has of it, as its path below /v1: only those that come after it."""


PLAIN: Final = "text/plain"
AS_TEXT: Final = {PLAIN: {"schema": {"type": "string", "description": "The same lines, for who accepts but text."}}}


class Lines(Export[str]):
    """NDJSON of any length."""

    media_type = NDJSON.media_type


@router.get("/snapshot", response_class=Lines, status_code=200, responses={200: {"content": AS_TEXT}})
async def get_snapshot(query: Annotated[SnapshotQuery, Query()], read: Reading) -> Lines:
    """Every record as it was after one change, as it was stored, by resource and id: a line each (NDJSON).

    The first line says the `position` to follow the changes from (`/v1/changes?after=`), its `revision` and the
    `epoch`. Each record is told as the `Change` that made it what it was. The last line says `"complete": true`, and in
    `counts` how many records of which resource came before it: without it, something is missing. Whoever is cut off
    asks for the rest with `at` and `after`.
    """
    seq, proof = Position.read(query.at or "latest") or (None, None)
    begun = await read.row(_begin(), {"seq": seq, "proof": proof})
    if begun is None and seq:
        if query.known_at is not None:
            raise BadParameters(faults=[bad_parameter("at", "This comes after what `known_at` asks for; give one")])
        raise StartAnew(LOST.format("`at`"))
    resource, _, id = (query.after or "/").rpartition("/")
    if query.after and resource not in NAMES:
        near = difflib.get_close_matches(resource, NAMES)
        raise BadParameters(faults=[bad_parameter("after", f"There is no resource {resource}", near)])
    values = {"seq": begun["seq"] if begun else 0, "resource": resource, "id": id}
    head = begun["head"] if begun else json.dumps({"position": "0", "revision": 0, "at": None, "epoch": None})
    kind = f"{PLAIN}; charset=utf-8" if PLAIN in ACCEPT.get() else NDJSON.media_type
    headers = {"Content-Type": kind, "Cache-Control": "public, no-cache", **VARY}
    return Lines(partial(read.rows, _records(), values), partial(_write, head), read.settings, headers)


async def _write(head: str, rows: Rows, put: Put) -> None:
    """Write the first line, the records as they come, and the last line."""
    counts: Counter[str] = Counter()
    before = f"{head}\n"
    async for batch in rows:
        counts.update(row["resource"] for row in batch)
        await put((before + "".join(f"{row['item']}\n" for row in batch)).encode())
        before = ""
    await put(f"{before}{json.dumps({'complete': True, 'counts': counts})}\n".encode())


@cache
def _begin() -> Statement:
    return Statement(text(BEGIN), bare=True)


@cache
def _records() -> Statement:
    return Statement(text(RECORDS), bare=True)
