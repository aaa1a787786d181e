"""What callers do to records: create, replace, change, delete and restore them.

Each is one revision, under the turn that writers take: the record is read as it is, the caller's condition and right
are held against it, and the answer is the record as a GET shows it, read by the same statement before the commit and
sent after it.
"""

import json
from asyncio import to_thread
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from fastapi import Response
from pydantic import TypeAdapter, ValidationError

from app.auth import Caller, Role
from app.errors import BadParameters, Conflict, InvalidBody, Stale, bad_parameter, bad_value, body_faults
from app.rest.body import validate
from app.rest.history import changes_since
from app.rest.holding import Held
from app.rest.intent import Intent
from app.rest.kind import D, Kind, P
from app.rest.merging import merged
from app.rest.missing import missing, nearest
from app.rest.naming import free_id
from app.rest.referring import refuse_referred
from app.rest.repeating import Repeat
from app.rest.response import Json, tag_of
from app.rest.revision import Operation, Revision
from app.rest.schema import Id
from app.rest.sent import Body

ID: Final = TypeAdapter[str](Id)


async def create(kind: Kind[P, D], intent: Intent, body: Body[D]) -> Json[P]:
    """A new record, under an id that its creator chose or that is made from its name."""
    given, data = await to_thread(_new, kind, body, intent.read.today())
    repeat = Repeat(intent, body.raw)
    async with intent.revision() as revision:
        if first := await repeat.first(revision):
            return first
        data = _owned(intent.caller, data)
        id = given or await free_id(revision, kind, data)
        held = (await revision.held(kind, [id]))[id]
        if held.version:
            now = "is taken" if held.data else "was deleted and can only be restored"
            raise Conflict(f"The id {id} {now}.", [bad_value("/id", f"The id {id} {now}; choose another, or none")])
        answer = await _written(kind, intent, revision, (id, data), held)
        await repeat.keep(revision, answer)
    return answer


async def replace(kind: Kind[P, D], intent: Intent, id: str, body: Body[D]) -> Json[P]:
    """A record that is from now on what the body says, or a new one of this id."""
    data = await to_thread(_read_as, kind, body, intent.read.today())
    if not intent.creates:
        intent.must_match()
    async with intent.revision() as revision:
        held = (await revision.held(kind, [id]))[id]
        if intent.creates:
            if held.data:
                says = f"There is {id} among the {kind.name} already; send its ETag in If-Match to replace it."
                raise Stale(says, headers={"ETag": await _tag(kind, intent, revision, id)})
            if held.version:
                raise await missing(revision, kind, id)
            data = _owned(intent.caller, data)
        else:
            data = _owned(intent.caller, data, await _allowed(kind, intent, revision, id, held))
        return await _written(kind, intent, revision, (id, data), held)


async def patch(kind: Kind[P, D], intent: Intent, id: str, body: Body[D]) -> Json[P]:
    """A record of which something changes (RFC 7396), checked as a whole."""
    change = await to_thread(body.json)
    if not isinstance(change, dict):
        raise InvalidBody(faults=[bad_value("", "A merge patch should be an object of the fields that change")])
    intent.must_match()
    async with intent.revision() as revision:
        held = (await revision.held(kind, [id]))[id]
        before = await _allowed(kind, intent, revision, id, held)
        data = await to_thread(validate, kind.data, merged(before, change), intent.read.today())
        intent.caller.check_may_write(data.owner)
        return await _written(kind, intent, revision, (id, data), held)


async def delete(kind: Kind[Any, D], intent: Intent, id: str) -> Response:
    """Delete a record that nobody refers to; its id answers 410 from now on."""
    intent.must_match()
    async with intent.revision() as revision:
        held = (await revision.held(kind, [id]))[id]
        await _allowed(kind, intent, revision, id, held)
        await refuse_referred(revision, kind, id)
        if other := intent.replaced_by:
            found = await revision.row(kind.by_id, {"id": other, "as_of": intent.read.today()})
            if found is None or other == id:
                near = [name for name in await nearest(revision, kind.table, other) if name != id]
                says = f"There is no other {other} among the {kind.name}"
                raise BadParameters(faults=[bad_parameter("replaced_by", says, near)])
        await revision.delete(kind, id, other)
    return Response(
        status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store", **_newest(intent, revision)}
    )


async def restore(kind: Kind[P, D], intent: Intent, id: str) -> Json[P]:
    """A deleted record as it last was, as a new version of it."""
    repeat = Repeat(intent)
    async with intent.revision() as revision:
        if first := await repeat.first(revision):
            return first
        held = (await revision.held(kind, [id]))[id]
        if held.data:
            raise Conflict(f"{id} is not deleted.")
        last = await revision.last(kind, id)
        if last is None:
            raise await missing(revision, kind, id)
        data = validate(kind.data, json.loads(last))
        intent.caller.check_may_write(data.owner)
        answer = await _written(kind, intent, revision, (id, data), held, "restore")
        await repeat.keep(revision, answer)
    return answer


def _read_as(kind: Kind[Any, D], body: Body[D], today: date) -> D:
    return validate(kind.data, body.json(), today)


def _new(kind: Kind[Any, D], body: Body[D], today: date) -> tuple[str | None, D]:
    """The id that a body chooses, if it does, and the rest; all faults of both at once."""
    value, id, faults = body.json(), None, []
    if isinstance(value, dict) and "id" in value:
        chosen, value = value["id"], {name: inner for name, inner in value.items() if name != "id"}
        try:
            id = ID.validate_python(chosen)
        except ValidationError as error:
            faults = body_faults([{**e, "loc": ("id",)} for e in error.errors()[:1]])
    try:
        data = validate(kind.data, value, today)
    except InvalidBody as error:
        raise InvalidBody(faults=[*faults, *error.faults]) from error
    if faults:
        raise InvalidBody(faults=faults)
    return id, data


def _owned(caller: Caller, data: D, before: D | None = None) -> D:
    """A whole record: an editor's stays whose it is, and a new one is his, where the body does not say whose it is."""
    if caller.role is Role.EDITOR and "owner" not in data.model_fields_set:
        if before is None and len(caller.organisations) != 1:
            says = f"Say whose record it is: {' or '.join(sorted(caller.organisations))}"
            raise InvalidBody(faults=[bad_value("/owner", says)])
        owner = before.owner if before else next(iter(caller.organisations))
        data = data.model_copy(update={"owner": owner})
    caller.check_may_write(data.owner)
    return data


async def _allowed(kind: Kind[Any, D], intent: Intent, revision: Revision, id: str, held: Held[D]) -> D:
    """The record as it is, when there is one that the caller may change, and of a version that they know."""
    if held.data is None:
        raise await missing(revision, kind, id)
    intent.caller.check_may_write(held.data.owner)
    if intent.matches and held.version not in intent.matches:
        since = await changes_since(revision, kind, id, max(intent.matches), intent.caller)
        says = f"{id} has version {held.version} by now. Look at what has changed, and send the new ETag."
        raise Stale(says, since, headers={"ETag": await _tag(kind, intent, revision, id)})
    return held.data


async def _written(
    kind: Kind[P, D],
    intent: Intent,
    revision: Revision,
    record: tuple[str, D],
    held: Held[D],
    op: Operation | None = None,
) -> Json[P]:
    """Write a record if it differs from what it is, and answer with it."""
    id, data = record[0], held.kept(record[1])
    if data != held.data:
        await revision.write(kind, {id: data}, {id: held}, op)
        await revision.check()
    status = HTTPStatus.OK if held.data or op or intent.dry_run else HTTPStatus.CREATED
    return await _read(kind, intent, revision, id, status)


async def _tag(kind: Kind[Any, Any], intent: Intent, revision: Revision, id: str) -> str:
    """The ETag of a record that there is."""
    row = await revision.row(kind.by_id, {"id": id, "as_of": intent.read.today()})
    assert row is not None, "its turn is ours"
    return tag_of(row["item"].encode(), row["version"])


async def _read(
    kind: Kind[P, Any], intent: Intent, revision: Revision, id: str, status: HTTPStatus = HTTPStatus.OK
) -> Json[P]:
    """The record as a GET would show it after this revision."""
    today = intent.read.today()
    row = await revision.row(kind.by_id, {"id": id, "as_of": today})
    assert row is not None, "it has just been written"
    headers = {"Broen-As-Of": str(today), "Cache-Control": "no-store", **_newest(intent, revision)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"{intent.read.root}{kind.path}/{id}"
    if intent.dry_run:
        headers["ETag"] = ""  # another write may be given this version
    return Json(row["item"].encode(), version=row["version"], headers=headers, status=status)


def _newest(intent: Intent, revision: Revision) -> dict[str, str]:
    """What tells which revision shows what was written; one that changes nothing is none."""
    return {"Broen-Revision": str(revision.id if revision.changes and not intent.dry_run else revision.id - 1)}
