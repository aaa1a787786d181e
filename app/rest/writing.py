"""Writing: one transaction is one revision, and everything that it changes is recorded.

Writers take turns (one advisory lock), so that revisions follow the order of commits and writers cannot deadlock.
A revision is checked as a whole, references and deferred constraints included, before it is committed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

import asyncpg

from app.auth import Caller
from app.away import AWAY, DROPPED, keep, told
from app.errors import BroenError, Forbidden, InvalidBody, Unavailable, bad_value
from app.rest.holding import View
from app.rest.reading import Turns, check_version, session
from app.rest.revision import Revision
from app.settings import Settings

LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('broen.revision', 0))"
TURN: Final = f"begin; set local plan_cache_mode = force_generic_plan; {LOCK}"
"""Planning again what is always asked alike would take as long as the rest."""
PATIENT_TURN: Final = f"begin; set local statement_timeout = 0; set local lock_timeout = '60s'; {LOCK}"
OPEN: Final = """
    insert into revision (id, at, by, by_organisations, note)
    select coalesce(max(id), 0) + 1, greatest(clock_timestamp(), max(at) + interval '1 microsecond'), $1, $2, $3
    from (select id, at from revision order by id desc limit 1) as last
    returning id, at, set_config('broen.revision', id::text, true), (select source from mirror) as mirrors
"""
"""Taken after the lock, so that `at` follows the order of commits too; the setting tells the history triggers."""
LONGEST_PAUSE: Final = 600
"""How long may be thought about what was looked at, in seconds."""
BUSY: Final = "Too many are writing right now."
UNCERTAIN: Final = "The database went away; whether the write was kept is not known: look, or ask the same again."


class Writer:
    """The only way to change the register.

    `told` hears of each revision that has been committed, with the resources that it wrote.
    """

    def __init__(
        self, url: str, settings: Settings, told: Callable[[int, Collection[str]], None] | None = None
    ) -> None:
        self.settings, self._told, self._url = settings, told, url
        self.imports = Turns(1, 0, 0, "imports are under way")
        """Whose turn it is to import: each has a whole file on disk, and keeps others waiting."""
        self._turns = asyncio.Semaphore(settings.write_pool_size)  # first come, first served, which the pool is not
        limits = session(
            "broen writes", statement_timeout=settings.statement_seconds, lock_timeout=settings.write_seconds
        )
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,  # a database that is away must not keep the service from starting
            max_size=settings.write_pool_size,
            init=check_version,
            reset=keep,
            timeout=5,
            statement_cache_size=1000,  # of every kind of record there are several, and some are long
            max_cacheable_statement_size=0,
            server_settings=limits,
        )

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._pool.close()
        except AWAY:  # a server that has just gone away cannot be told goodbye
            self._pool.terminate()

    @asynccontextmanager
    async def revision(
        self, by: str | Caller, note: str | None = None, *, patient: bool = False, trial: bool = False
    ) -> AsyncIterator[Revision]:
        """A transaction that is one revision: committed at the end, unless it changed nothing or failed.

        It is by a caller, or by a part of the service under its own name. A patient one may write any number of
        records: its statements take the time that they need. A trial is checked as any other, and never committed.
        """
        async with self._connection(patient=patient) as connection:
            opened = await connection.fetchrow(OPEN, *author(by), note)
            revision = Revision(connection, opened["id"], opened["at"])
            try:
                refuse_mirrored(opened["mirrors"])
                yield revision
                await revision.check()
                kept = revision.changes > 0 and not trial
                await _end(connection, keep=kept)
                if kept and self._told:
                    self._told(revision.id, revision.resources)
            except asyncpg.IntegrityConstraintViolationError as error:
                await _end(connection, keep=False)
                raise await _refusal(revision, error) from error
            except BaseException:
                with suppress(*AWAY):  # what has been lost needs no end
                    await _end(connection, keep=False)
                raise

    @asynccontextmanager
    async def view(self) -> AsyncIterator[View]:
        """The register as it is at this moment, for as long as it is looked at; nobody's turn waits for it."""
        limits = session("broen looks", statement_timeout=0, idle_in_transaction_session_timeout=LONGEST_PAUSE)
        with told():
            held = await asyncpg.connect(self._url, timeout=5, server_settings=limits)
            try:
                async with held.transaction(isolation="repeatable_read", readonly=True):
                    yield View(held)
            finally:
                await end(held)

    @asynccontextmanager
    async def _connection(self, *, patient: bool) -> AsyncIterator[Any]:
        """A connection, once it is our turn to have one."""
        patience = 60 if patient else self.settings.write_seconds
        try:
            async with asyncio.timeout(patience):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(BUSY) from error
        try:
            with told():
                held = await self._begin(PATIENT_TURN if patient else TURN)
                try:
                    yield held
                finally:
                    await self._pool.release(held)
        finally:
            self._turns.release()

    async def _begin(self, turn: str) -> Any:
        """A connection whose turn it is; one that died unnoticed is replaced, for nothing has been written yet."""
        try:
            return await self._turn(turn)
        except DROPPED:  # others may have died with it
            await self._pool.expire_connections()
            return await self._turn(turn)

    async def _turn(self, turn: str) -> Any:
        held = await self._pool.acquire()
        try:
            await held.execute(turn)
        except BaseException:
            await self._pool.release(held)
            raise
        return held


def refuse_mirrored(source: str | None) -> None:
    """Forbidden when the register is a mirror of another one."""
    if source:
        raise Forbidden(f"This register is a mirror of {source}, and is written to only there.")


async def end(held: asyncpg.Connection) -> None:
    """Close a connection, also one that is gone."""
    try:
        await held.close(timeout=5)
    except AWAY:
        held.terminate()


def author(by: str | Caller) -> tuple[str, list[str] | None]:
    """What a revision says of who made it: a name, and whose records they keep."""
    return (by, None) if isinstance(by, str) else (by.name, sorted(by.organisations) or None)


async def _end(connection: Any, *, keep: bool) -> None:
    """Commit or roll back; what a caller is told of a commit comes after it."""
    try:
        await connection.execute("commit" if keep else "rollback")
    except AWAY as error:
        if not keep:
            raise
        raise Unavailable(UNCERTAIN) from error


async def _refusal(revision: Revision, error: Any) -> BroenError:
    """What a broken constraint means, and for which records."""
    refused = await revision.refused(error)
    faults = [bad_value(pointer, refused.says, record) for record, pointer in revision.pointers(refused)]
    return InvalidBody(refused.says, faults)
