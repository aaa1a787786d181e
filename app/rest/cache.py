"""The outermost layer of what is read: unchanged answers come from memory, and whoever has one gets a 304.

An answer that is there is sent without asking the API or the database. One that is not is asked for once, however many
want it. What is streamed passes untouched, and so does what is asked for with a name: only open answers are kept.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BadParameters, BroenError, Unavailable, bad_parameter
from app.errors.handling import answer
from app.rest.following import LIVE
from app.rest.kept import NO_BODY, Answer, Form, Header, Store
from app.rest.reading import READ, Read

READS: Final = ("GET", "HEAD")
ANY: Final = (b"", b"*/*", b"application/json")
"""What nearly all clients accept, for which the answer is the same."""
WAIT: Final = 2.0
"""How many seconds a revision that somebody wants to see is waited for."""
TRIES: Final = 2
"""How often somebody waits for an answer that another has asked for, before asking for it himself."""
SHORT: Final = 200
"""Up to how many bytes of a query its canonical spelling is remembered."""
MADE_ANEW: Final = (b"etag", b"content-length", b"vary")
"""The headers that depend on the form in which an answer is sent."""


class Cached:
    """ASGI: answers from the store what it can, and keeps in it what it may.

    `prefix` is the path under which answers are kept, `today` tells the day, and `headers` are those of every answer
    to whoever may read.
    """

    def __init__(
        self, app: ASGIApp, store: Store, prefix: str, today: Callable[[], date], headers: Mapping[str, str]
    ) -> None:
        self.app, self._store, self._prefix, self._today = app, store, prefix, today
        self._open = headers
        self._second, self._day = 0, today()
        self._always = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    def ready(self, scope: Scope) -> tuple[Message, Message] | None:
        """What begins an answer that is kept, and its body; None where it must be made, compressed or waited for."""
        if scope["method"] != "GET":
            return None
        asked = dict(scope["headers"])
        if len(asked) < len(scope["headers"]) or b"min-revision" in asked:
            return None
        key = self._key(scope, asked)
        found = self._store.get(key) if key else None
        if found is None:
            return None
        gzip = b"accept-encoding" in asked and takes_gzip(asked[b"accept-encoding"])
        if b"if-none-match" in asked and (start := found.unmodified(asked[b"if-none-match"], gzip=gzip)):
            return start, NO_BODY
        return found.gzip if gzip else found.plain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: in the form that the client takes, and without a body where it needs none."""
        if scope["type"] != "http" or scope["method"] not in READS:
            await self.app(scope, receive, send)
            return
        asked = _joined(scope["headers"])
        if b"min-revision" in asked and (problem := await self._behind(asked[b"min-revision"])):
            told = answer(Request(scope), problem.status, problem.title, str(problem), faults=problem.faults,
                headers={**problem.headers, **self._open})  # fmt: skip
            await told(scope, receive, send)
            return
        key = self._key(scope, asked)
        found = self._store.get(key) if key else None
        if found is None:
            found = await self._ask(key, scope, receive, send)
            if found is None:
                return
        gzip = b"accept-encoding" in asked and takes_gzip(asked[b"accept-encoding"])
        if b"if-none-match" in asked and (start := found.unmodified(asked[b"if-none-match"], gzip=gzip)):
            await send(start)
            await send(NO_BODY)
            return
        form = await self._zipped(key, found) if gzip else found.plain
        await send(form.start)
        await send(NO_BODY if scope["method"] == "HEAD" else form.body)

    def _key(self, scope: Scope, asked: Mapping[bytes, bytes]) -> Any:
        """What an answer is kept by; None for one that is not kept."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if not path.startswith(self._prefix) or path.startswith(LIVE) or b"authorization" in asked:
            return None
        accept = asked.get(b"accept", b"")
        if (second := int(time.time())) != self._second:
            self._second, self._day = second, self._today()
        query = scope["query_string"]
        if query:
            query = _canonical(query) if len(query) <= SHORT else canonical(query)
        return path, query, b"" if accept in ANY else accept, self._day

    async def _behind(self, wanted: bytes) -> BroenError | None:
        """Wait until the revision that is wanted can be shown; a problem when it cannot."""
        if not re.fullmatch(rb"[0-9]{1,15}", wanted):
            fault = bad_parameter("Min-Revision", "This header should be the number of a revision")
            return BadParameters(faults=[fault])
        revision = int(wanted)
        if revision <= self._store.seen or await self._store.wait_for(revision, WAIT):
            return None
        return Unavailable(f"Revision {revision} has not been heard of here; the newest is {self._store.seen}.")

    async def _zipped(self, key: Any, found: Answer) -> Form:
        before = found.size
        form = await found.zipped()
        if found.weight and found.size > before:
            self._store.keep(key, found)
        return form

    async def _ask(self, key: Any, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        """The answer of the API, which others who want it meanwhile wait for; None when it has been sent already."""
        if key is None or not self._store.trusted:
            return await self._taken(scope, receive, send, lambda: None)
        flights = self._store.flights
        for _ in range(TRIES):
            if (landed := flights.get(key)) is None:
                break
            await landed.wait()
            if found := self._store.get(key):
                return found
        landed = asyncio.Event()

        def land() -> None:
            if flights.get(key) is landed:
                del flights[key]
            landed.set()

        flights.setdefault(key, landed)
        try:
            found = await self._taken(scope, receive, send, land)
            if found and found.open:
                self._store.keep(key, found)
        finally:
            land()
        return found

    async def _taken(self, scope: Scope, receive: Receive, send: Send, land: Callable[[], None]) -> Answer | None:
        """The API's answer, if it is a finished one; anything else is passed on as it comes, and `land` told so."""
        read, bare = Read(), scope["method"] == "HEAD"
        start: Message | None = None
        tag: bytes | None = None
        body = b""

        async def take(message: Message) -> None:
            nonlocal start, tag, body
            if message["type"] == "http.response.start":
                start, headers = message, dict(message["headers"])
                tag = headers.get(b"etag") if message["status"] == HTTPStatus.OK else None
                if tag is None:
                    land()
                    await send(message)
            elif tag is None:
                await send({**message, "body": b""} if bare else message)
            else:
                body += message.get("body", b"")

        token = READ.set(read)
        try:
            await self.app({**scope, "method": "GET", "bare": bare}, receive, take)
        finally:
            READ.reset(token)
        if start is None or tag is None:
            return None
        headers = self._headers(start["headers"])
        made = Answer(tag, headers, body, read.tables, read.revision, _address(scope, headers))
        made.newest = read.newest
        return made

    def _headers(self, given: Iterable[Header]) -> list[Header]:
        """The headers of an answer, whatever form it is sent in and whoever asks."""
        vary = [value.decode() for name, value in given if name == b"vary"]
        depends = [*dict.fromkeys(re.split(r", *", ", ".join([*vary, "Accept-Encoding"])))]
        own = [(name, value) for name, value in given if name not in MADE_ANEW and not name.startswith(b"access-")]
        return [*own, *self._always, (b"vary", ", ".join(name for name in depends if name != "Origin").encode())]


def canonical(query: bytes) -> bytes:
    """A query in one spelling of several that ask the same: parameters by name, the values of each as they came."""
    if b"&" not in query:
        return query
    pairs = query.split(b"&")
    if any(b"%" in name or b"+" in name for name in map(_name, pairs)):
        return query  # what is spelt oddly stands for itself
    pairs.sort(key=_name)
    return b"&".join(pairs)


def _address(scope: Scope, headers: Iterable[Header]) -> bytes:
    """Where an answer can be had again: its path and query, pinned to its day; the number of its revision follows."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    days = [("as_of", value.decode()) for name, value in headers if name == b"broen-as-of"]
    pinned = [*((name, value) for name, value in asked if name not in ("as_of", "known_at")), *days, ("known_at", "")]
    root = scope.get("root_path", "")
    return f"{quote(root + scope['path'].removeprefix(root))}?{urlencode(pinned)}".encode()


_canonical = lru_cache(maxsize=10_000)(canonical)


def _name(pair: bytes) -> bytes:
    return pair.partition(b"=")[0]


@lru_cache(maxsize=1000)
def takes_gzip(accepted: bytes) -> bool:
    """Whether a client takes gzip, by its header Accept-Encoding."""
    wishes = (wish.replace(b" ", b"").lower().partition(b";") for wish in accepted.split(b","))
    weights = {coding: not re.fullmatch(rb"q=0(\.0*)?", weight) for coding, _, weight in wishes}
    return weights.get(b"gzip", weights.get(b"*", False))


def _joined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Headers by name, where some were sent in several lines."""
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = b", ".join((joined[name], value)) if name in joined else value
    return joined
