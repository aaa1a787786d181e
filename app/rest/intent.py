"""What a caller wants of a write beside its body: on which condition, with which note, once, only as a trial."""

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Query, Request
from pydantic import Field

from app.auth import Caller, SignedIn
from app.errors import BadParameters, Fault, Unconditional, bad_parameter
from app.rest.reading import Reader, Reading
from app.rest.revision import Revision
from app.rest.schema import Absent, Id, Schema
from app.rest.writing import Writer

TAGS: Final = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
MOST_NOTE: Final = 1000


class WriteQuery(Schema):
    """How to write."""

    dry_run: bool = Field(default=False, examples=[True])
    """Whether only to check what would be written, by all rules and against what there is, and to write nothing."""


class DeleteQuery(WriteQuery):
    """How to delete."""

    replaced_by: Id | Absent = None
    """The record of the same kind that stands for the deleted one from now on, by id; a 410 names it."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a caller wants."""

    writer: Writer
    read: Reader
    caller: Caller
    path: str
    matches: frozenset[int] | None
    """The versions of which the change may be, after `If-Match`; none for any, None when the caller did not say."""
    creates: bool
    """Whether there must be no such record, after `If-None-Match: *`."""
    key: str | None
    """What marks a request that is sent again, after `Idempotency-Key`."""
    note: str | None
    """What the revision is to say of itself, after `Broen-Note`."""
    dry_run: bool
    replaced_by: str | None = None

    def revision(self) -> AbstractAsyncContextManager[Revision]:
        """The revision in which to write."""
        return self.writer.revision(self.caller, self.note, trial=self.dry_run)

    def must_match(self) -> None:
        """Unconditional when the caller did not say which version they want to change."""
        if self.matches is None:
            raise Unconditional(
                "Send the record's ETag in the header If-Match, so that nobody's work is lost; "
                "a PUT that is to create the record has If-None-Match: * instead."
            )


async def _writing(request: Request, caller: SignedIn, read: Reading, query: Annotated[WriteQuery, Query()]) -> Intent:
    return intent_of(request, caller, read, query)


async def _deleting(
    request: Request, caller: SignedIn, read: Reading, query: Annotated[DeleteQuery, Query()]
) -> Intent:
    return intent_of(request, caller, read, query, query.replaced_by)


def intent_of(
    request: Request, caller: Caller, read: Reader, query: WriteQuery, replaced_by: str | None = None
) -> Intent:
    """What a request to write says beside its body; BadParameters tells what of it makes no sense."""
    faults: list[Fault] = []
    headers = {name: ",".join(request.headers.getlist(name)) or None for name in HEADERS}
    matches = _versions(headers["If-Match"], faults)
    none = headers["If-None-Match"]
    if none not in (None, "*"):
        faults.append(bad_parameter("If-None-Match", "A write takes * here, for a record that is not there yet"))
    if none and matches is not None:
        faults.append(bad_parameter("If-None-Match", "Send this or If-Match, not both"))
    key = headers["Idempotency-Key"]
    if key is not None and not KEY.fullmatch(key):
        faults.append(bad_parameter("Idempotency-Key", "A key has 1 to 255 visible ASCII characters"))
    note = _note(headers["Broen-Note"], faults)
    if faults:
        raise BadParameters(faults=faults)
    return Intent(
        writer=request.app.state.writer,
        read=read,
        caller=caller,
        path=request.url.path,
        matches=matches,
        creates=none == "*",
        key=key,
        note=note,
        dry_run=query.dry_run,
        replaced_by=replaced_by,
    )


HEADERS: Final = ("If-Match", "If-None-Match", "Idempotency-Key", "Broen-Note")


def _versions(header: str | None, faults: list[Fault]) -> frozenset[int] | None:
    """The versions that tags begin with; of a tag only that is compared, for the rest changes with others' names."""
    if header is None or header.strip() == "*":
        return None if header is None else frozenset()
    tags: Sequence[str] = TAGS.findall(header)
    if not tags or TAGS.sub("", header).strip():
        faults.append(bad_parameter("If-Match", "Input should be an ETag as the record was answered with, or *"))
    heads = (tag.partition(".")[0] for tag in tags)
    return frozenset(int(head) if head.isdecimal() and len(head) < 10 else 0 for head in heads)  # noqa: PLR2004


def _note(header: str | None, faults: list[Fault]) -> str | None:
    """The note that a header carries: UTF-8, percent-encoded where it is no ASCII."""
    if header is None:
        return None
    try:
        note = unquote_to_bytes(header.encode("latin-1")).decode().strip()
    except UnicodeDecodeError:
        note = ""
    if not note or len(note) > MOST_NOTE or not note.isprintable():
        says = f"A note has 1 to {MOST_NOTE} printable characters, in UTF-8, percent-encoded (æ is %C3%A6, % is %25)"
        faults.append(bad_parameter("Broen-Note", says))
    return note


Writing = Annotated[Intent, Depends(_writing)]
"""What a route declares to write."""
Deleting = Annotated[Intent, Depends(_deleting)]
"""What a route declares to delete."""
