"""Finished answers, and the store that keeps them for as long as nothing that they read has been written.

What has been written is told by revision: an answer shows the register at one revision, and holds until a table that it
reads is written by a later one. So nothing is swept when a write comes in; whoever asks for an answer finds out.
"""

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.types import Message

Header = tuple[bytes, bytes]

SHORT: Final = 600
"""Up to how many bytes an answer is not worth compressing."""
LONG: Final = 100_000
"""From how many bytes on a thread compresses it, so that nobody waits."""
LEVEL: Final = 5
"""How hard gzip tries: beyond it, time grows and the answers of the register hardly shrink."""
OVERHEAD: Final = 4000
"""What an answer takes beside its bytes, in bytes."""
HEADERS: Final[dict[Header, Header]] = {}
"""The headers that are known, of which there are few, and some that are not."""
MOST_HEADERS: Final = 1000
BESIDES: Final = frozenset({"change", "revision", "search_entry", "search_word", "source"})
"""The tables that every write may write."""


class Form(NamedTuple):
    """An answer in one encoding, as ASGI sends it."""

    start: Message
    body: Message


class Answer:
    """A finished answer: its bytes, plain and gzipped, what it has read, and which revision it shows."""

    __slots__ = (
        *("_address", "_bytes", "_headers", "_sent", "_tag", "_unmodified", "_zipped_tag", "_zipping"),
        *("epoch", "gzip", "newest", "open", "plain", "revision", "tables", "weight"),
    )

    def __init__(
        self,
        tag: bytes,
        headers: Sequence[Header],
        body: bytes,
        tables: frozenset[str],
        revision: int | None,
        address: bytes,
    ) -> None:
        self.tables, self.revision = tables, revision
        self.newest: int | None = None
        """Of one about the past, the revision that was the newest when it was made."""
        self.open = any(name == b"cache-control" and value.startswith(b"public") for name, value in headers)
        """Whether anybody may have it."""
        self.epoch = -1
        """Of the store, when it last found that the answer holds."""
        self.weight = 0
        """What it takes of the store, in bytes."""
        self._tag, self._zipped_tag = tag, tag[:-1] + b'-gzip"'
        self._headers, self._bytes, self._address = [_one(header) for header in headers], body, address
        self._sent: list[list[Header]] = []
        self._unmodified: dict[bytes, Message] = {}
        self.plain = self._form(tag, body)
        self.gzip: Form | None = None
        """The gzipped form, once somebody has asked for it; of what is short, the plain one."""
        self._zipping: asyncio.Task[bytes] | None = None

    @property
    def size(self) -> int:
        """How many bytes it is, in all its forms."""
        return (
            OVERHEAD
            + len(self._bytes)
            + (len(self.gzip.body["body"]) if self.gzip and self.gzip is not self.plain else 0)
        )

    def shows(self, revision: int) -> None:
        """Tell that it shows a later revision just as well."""
        if self.revision is not None and revision > self.revision:
            self.revision = revision
            shown = self._shown()
            for headers in self._sent:
                headers[: len(shown)] = shown

    def unmodified(self, told: bytes, *, gzip: bool) -> Message | None:
        """What begins a 304, if the client holds the answer in one of its forms, by what it says in If-None-Match.

        Whoever holds whatever there is, is told of the form that he would get.
        """
        if message := self._unmodified.get(told):
            return message
        held = {tag.strip().removeprefix(b"W/") for tag in told.split(b",")}
        tags = (self._tag, self._zipped_tag)
        for tag in reversed(tags) if gzip and len(self._bytes) > SHORT else tags:
            if tag in held or b"*" in held:
                if tag not in self._unmodified:
                    headers = self._common(tag)
                    headers[:] = (header for header in headers if header[0] != b"content-type")
                    self._unmodified[tag] = _start(HTTPStatus.NOT_MODIFIED, headers)
                return self._unmodified[tag]
        return None

    async def zipped(self) -> Form:
        """The answer as gzip, made once; what is short stays as it is."""
        if self.gzip is None:
            if len(self._bytes) <= SHORT:
                self.gzip = self.plain
                return self.gzip
            if len(self._bytes) < LONG:
                body = _compressed(self._bytes)
            else:
                self._zipping = self._zipping or asyncio.create_task(asyncio.to_thread(_compressed, self._bytes))
                body = await asyncio.shield(self._zipping)  # others may wait for it too
            self.gzip = self.gzip or self._form(self._zipped_tag, body, (b"content-encoding", b"gzip"))
            self._zipping = None
        return self.gzip

    def _form(self, tag: bytes, body: bytes, *encoding: Header) -> Form:
        length = (b"content-length", str(len(body)).encode())
        return Form(_start(HTTPStatus.OK, self._common(tag, *encoding, length)), _body(body))

    def _common(self, tag: bytes, *headers: Header) -> list[Header]:
        """The headers of an answer; which revision it shows is told by the first of them."""
        sent = [*self._shown(), *self._headers, (b"etag", tag), *headers]
        self._sent.append(sent)
        return sent

    def _shown(self) -> list[Header]:
        """Which revision it shows, and where this very answer can be had for good, but for what is withheld later."""
        if self.revision is None:
            return []
        revision = str(self.revision).encode()
        cited = [(b"link", b'<%b%b>; rel="cite-as"' % (self._address, revision))] if self.open else []
        return [(b"broen-revision", revision), *cited]


def _one(header: Header) -> Header:
    """A header that most answers have, as the same object in all of them."""
    return HEADERS.setdefault(header, header) if len(HEADERS) < MOST_HEADERS else HEADERS.get(header, header)


def _start(status: HTTPStatus, headers: list[Header]) -> Message:
    return {"type": "http.response.start", "status": status.value, "headers": headers}


def _body(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body}


NO_BODY: Final = _body(b"")


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


class Store:
    """The answers that are kept, the latest used of them, and what is known of the writes.

    `written` says which tables a write to a resource writes. Nothing is given out but while it is certain, within the
    promised time, that all writes have been heard of: until `trusted`, in the loop's monotonic seconds.
    """

    def __init__(self, size: int, written: Mapping[str, Collection[str]]) -> None:
        self.seen = 0
        """The latest revision that has been heard of, as all before it."""
        self.flights: dict[Any, asyncio.Event] = {}
        """The answers that are being made, each with what tells that it is there, or will not be."""
        self._size, self._weight = size, 0
        self._tables = written
        self._answers: OrderedDict[Any, Answer] = OrderedDict()
        self._written: dict[str, int] = {}
        self._floor, self._epoch, self._trusted, self._erased = 0, 0, -1.0, 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def weight(self) -> int:
        """How many bytes are kept."""
        return self._weight

    @property
    def trusted(self) -> bool:
        """Whether it is certain now that all writes have been heard of."""
        return time.monotonic() < self._trusted

    def get(self, key: Any) -> Answer | None:
        """The answer that is kept and still holds."""
        answer = self._answers.get(key)
        if answer is None or not self.trusted:
            return None
        if answer.epoch != self._epoch and not self._holds(answer):
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def keep(self, key: Any, answer: Answer) -> None:
        """Keep an answer if it holds, or weigh it anew; the longest unused go where there is no room."""
        weight = answer.size
        if key in self._answers:
            self._drop(key)
        if weight > self._size or not self.trusted or not self._holds(answer):
            return
        answer.weight = weight
        self._answers[key] = answer
        self._weight += weight
        while self._weight > self._size:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Any) -> None:
        self._weight -= self._answers.pop(key).weight

    def _holds(self, answer: Answer) -> bool:
        """Whether nothing that an answer reads has been written since; if so, it shows what is newest."""
        made = answer.revision if answer.newest is None else answer.newest
        if answer.newest is not None and answer.newest < self._erased:
            return False
        if answer.tables:
            if made is None or made < self._floor:
                return False
            if any(self._written.get(table, 0) > made for table in answer.tables):
                return False
            if answer.newest is None:
                answer.shows(self.seen)
        answer.epoch = self._epoch
        return True

    def begin(self, revision: int) -> None:
        """Take up hearing of writes at a revision: what came before it may have gone unheard.

        One that is earlier than what has been heard of is that of a register which was restored to an earlier state.
        """
        if revision < self.seen:
            self.seen = self._erased = 0
            self._written.clear()
            self._clear()
        self._floor = revision
        self.reach(revision)

    def erased(self, revision: int) -> None:
        """Forget all answers that may have what a revision has erased, of the past too."""
        if revision > self._erased:
            self._erased = revision
            self._clear()

    def _clear(self) -> None:
        while self._answers:
            self._drop(next(iter(self._answers)))

    def trust_until(self, moment: float) -> None:
        """Give out answers until a moment, and no longer."""
        self._trusted = moment

    def heard(self, revision: int, resources: Iterable[str]) -> None:
        """Take note of a write: what has read its tables before does not hold any more."""
        named = list(resources)
        if all(name in self._tables for name in named):
            for table in BESIDES.union(*(self._tables[name] for name in named)):
                self._written[table] = max(revision, self._written.get(table, 0))
        else:  # another version of the service knows more resources than this one
            self._floor = max(revision, self._floor)
        self._epoch += 1

    def reach(self, revision: int) -> None:
        """Take note that all has been heard of a revision, and of those before it."""
        self.seen = max(revision, self.seen)
        self._epoch += 1
        self._news.set()
        self._news = asyncio.Event()

    def wrote(self, revision: int, resources: Iterable[str]) -> None:
        """Take note of a write of this very process; one that another has done before may still be unheard of."""
        self.heard(revision, resources)
        if revision == self.seen + 1:
            self.reach(revision)

    async def wait_for(self, revision: int, seconds: float) -> bool:
        """Wait until a revision has been heard of; tells whether it was in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.seen < revision:
                    await self._news.wait()
        except TimeoutError:
            return False
        return True
