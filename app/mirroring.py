"""Keeping a copy of another register in a database of one's own: its log from the beginning, made again.

Each revision is made again whole, in one transaction with the position that it leads to: whoever kills a mirror finds
it afterwards as it was after one revision or the next, and it goes on from there.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Self

import asyncpg
import httpx

from app.away import AWAY
from app.resources import RESOURCES
from app.rest.reading import session
from app.rest.replaying import Entry, Page, Replay
from app.rest.rewriting import Told, rename, rewrite
from app.rest.sweeping import sweep
from app.rest.writing import PATIENT_TURN

KINDS: Final = {resource.name: resource for resource in RESOURCES}
LIMIT: Final = 1000
"""How many changes are asked for at a time."""
AGAIN: Final = 50
"""Of how many records at a time it is asked again what was said of them."""
WAIT: Final = 30
"""For how many seconds the other register is asked to wait for a change."""
MOST_BACKOFF: Final = 60.0
"""How many seconds lie between two tries at the most."""
ALONE: Final = "select pg_try_advisory_lock(hashtextextended('broen.mirror', 0))"
STATE: Final = (
    "select source, position, epoch, exists (select from revision) as begun from (select) x left join mirror on true"
)
RESET: Final = """
drop schema if exists past cascade; drop schema if exists history cascade; drop schema public cascade;
create schema public; grant usage on schema public to public
"""
KEEP: Final = "insert into mirror (source, position, epoch) values ($1, $2, $3)"


class MirrorError(Exception):
    """A mirror that cannot go on by itself; the message says why, and what would help."""


class AwayError(Exception):
    """The other register, or the database, cannot be reached now."""


class Mirror:
    """A copy of the register at `source`, for as long as it is entered."""

    def __init__(self, connection: asyncpg.Connection, client: httpx.AsyncClient, source: str) -> None:
        self._connection, self._client, self.source = connection, client, source
        self._position, self._epoch = "0", ""
        self._making: Replay | None = None
        """The revision that is being made again; its transaction is open."""
        self._rewritten = False
        """Whether something was erased in it that was held here."""

    @classmethod
    @asynccontextmanager
    async def of(cls, source: str, url: str, key: str | None) -> AsyncIterator[Self]:
        """Take up a mirror where it is."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = session("broen mirrors", statement_timeout=0) | {"synchronous_commit": "on"}
        async with httpx.AsyncClient(base_url=source, headers=headers, timeout=WAIT + 30) as client:
            connection = await asyncpg.connect(url, timeout=10, server_settings=limits)
            try:
                mirror = cls(connection, client, source)
                await mirror._begin()
                yield mirror
            finally:
                connection.terminate()  # whatever is not committed is given up

    async def _begin(self) -> None:
        if not await self._connection.fetchval(ALONE):
            raise MirrorError("Another `broen mirror` is keeping this database.")
        state = await self._connection.fetchrow(STATE)
        if state["position"] is None and state["begun"]:
            raise MirrorError("This database holds a register of its own; a mirror needs an empty one.")
        if state["position"] is None:  # from now on nobody else writes here
            await self._connection.execute(KEEP, self.source, self._position, self._epoch)
        self._position, self._epoch = state["position"] or "0", state["epoch"] or ""

    async def step(self, wait: int) -> tuple[str, bool]:
        """Take over the next changes, waiting for them; tells up to where, and whether there are no more."""
        page = Page.read(await self._ask("/v1/changes", after=self._position, limit=LIMIT, wait=wait))
        revisions = await self._revisions(page)
        for number, entries in page.revisions():
            if self._making and self._making.id != number:
                await self._finish()
            if self._making is None:
                await self._connection.execute(PATIENT_TURN)
                self._making = await Replay.begin(self._connection, revisions[number])
            if erased := [entry for entry in entries if entry.op == "erase"]:
                await self._tell_anew(number, erased)
            await self._making.again(KINDS, entries, page.text)
            self._position, self._epoch = entries[-1].position, page.epoch
        last = len(page.entries) < LIMIT
        if last and self._making:  # what is there of a revision is all of it
            await self._finish()
        return self._position, last

    async def _finish(self) -> None:
        """Commit the revision, with the position that it leads to."""
        await self._connection.execute("delete from mirror")
        await self._connection.execute(KEEP, self.source, self._position, self._epoch)
        await self._connection.execute("commit")
        self._making = None
        if self._rewritten:
            await sweep(self._connection)
            self._rewritten = False

    async def _tell_anew(self, number: int, erased: Sequence[Entry]) -> None:
        """Ask again for all that was said before a revision of the records of which it erased something."""
        for n in range(0, len(erased), AGAIN):
            records, after = [f"{entry.resource}/{entry.id}" for entry in erased[n : n + AGAIN]], "0"
            while after:
                again = Page.read(await self._ask("/v1/changes", record=records, after=after, limit=LIMIT))
                before = [entry for entry in again.entries if entry.revision < number]
                told = [Told(KINDS[e.resource], e.id, e.version, e.revision, e.value) for e in before]
                self._rewritten |= await rewrite(self._connection, told, again.text)
                after = again.next if len(before) == LIMIT else ""
        said: list[Any] = [{"number": 0}]
        while said:
            asked = {"sort": "number", "limit": LIMIT, "after": said[-1]["number"]}
            page = json.loads(await self._ask("/v1/revisions", **asked))
            said = [revision for revision in page["items"] if revision["number"] < number]
            self._rewritten |= await rename(self._connection, said)

    async def _revisions(self, page: Page) -> dict[int, Any]:
        """What is told of the revisions of a page."""
        if not page.entries:
            return {}
        first = page.entries[0].revision
        told = await self._ask("/v1/revisions", sort="number", limit=LIMIT, after=first - 1)
        return {revision["number"]: revision for revision in json.loads(told)["items"]}

    async def _ask(self, path: str, **asked: str | int | list[str]) -> bytes:
        """What the other register answers."""
        try:
            answer = await self._client.get(path, params=asked)
        except httpx.TransportError as error:
            raise AwayError(f"{self.source} cannot be reached: {error!r}") from error
        if answer.status_code == HTTPStatus.GONE:
            raise MirrorError(
                f"{answer.json()['detail']} To do so, add --restart: what this mirror holds is discarded."
            )
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error:
            raise AwayError(f"{self.source} answers {answer.status_code}.")
        if not answer.is_success:
            raise MirrorError(f"{answer.url} answers {answer.status_code}: {answer.text[:500]}")
        return answer.content


async def keep(source: str, url: str, key: str | None, *, once: bool, told: Callable[[str], None]) -> None:
    """Keep a mirror, through whatever passes; `once` takes over what there is, and fails when that cannot be had."""
    backoff = 1.0
    while True:
        try:
            async with Mirror.of(source, url, key) as mirror:
                reached = False
                while True:
                    position, last = await mirror.step(0 if once or not reached else WAIT)
                    if backoff > 1:
                        told(f"{source} answers again.")
                    backoff = 1.0
                    if last and not reached:
                        told(f"The mirror is at {position}, as {source} was.")
                        reached = True
                    if last and once:
                        return
        except asyncpg.UniqueViolationError as error:
            says = "Somebody else has written into this database. Add --restart: what it holds is discarded."
            raise MirrorError(says) from error
        except (AwayError, *AWAY) as error:
            if once:
                raise MirrorError(str(error)) from error
            told(f"{error} Trying again in {backoff:.0f} seconds.")
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, MOST_BACKOFF)


async def discard(url: str) -> None:
    """Empty the database of a mirror, and only of one."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        tables = await connection.fetchval("select to_regclass('public.mirror')")
        if tables is None or not await connection.fetchval("select exists (select from mirror)"):
            if tables is None or not await connection.fetchval("select exists (select from revision)"):
                return
            raise MirrorError("This database holds a register of its own, which is not discarded.")
        await connection.execute(RESET)
    finally:
        await connection.close()
