"""Hearing of writes: a connection of its own that listens, and proves again and again that it does.

It must reach the database itself: a pooler that lends connections by the transaction passes no notifications on, nor
does a standby. Where that is so, it is noticed at the first write, and answers are not kept.
"""

import asyncio
import json
import time
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
import structlog

from app.away import AWAY, BEHIND
from app.rest.kept import Store

log: Final = structlog.get_logger("broen")
CHANNEL: Final = "broen_revision"
STALE: Final = 2.0
"""For how many seconds after it was certain that all writes had been heard of answers are given out."""
ROUND: Final = 0.5
"""How many seconds lie between two proofs."""
TOGETHER: Final = 0.005
"""Within how many seconds all that is told of one revision comes: a message for each statement that wrote."""
PATIENCE: Final = 1.0
"""How many seconds the database may take over one."""
NEWEST: Final = """
select (select coalesce(max(id), 0) from revision), (select coalesce(max(revision), 0) from change where op = 'erase')
"""
"""The newest revision, and the newest that erased something."""


class MissedError(Exception):
    """A write was not told of."""


class Listener:
    """Tells a store of every write, whichever process does it, for as long as it is entered."""

    def __init__(self, url: str, store: Store) -> None:
        self._url, self._store = url, store
        self._lost = False
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._keep_listening())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._store.trust_until(0)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except (*AWAY, *BEHIND, MissedError) as error:
                if not self._lost:
                    log.warning("writes cannot be heard of; answers come from the database", cause=repr(error))
                self._lost = True
            await asyncio.sleep(ROUND)

    async def _listen(self) -> None:
        """Listen until the connection is lost, or a write was not told of.

        A proof is certain by the next one: by then, all writes that the database had have been heard of.
        """
        settings = {"application_name": "broen listens", "default_transaction_read_only": "on"}
        connection = await asyncpg.connect(self._url, timeout=STALE, command_timeout=PATIENCE, server_settings=settings)
        try:
            await connection.add_listener(CHANNEL, self._hear)
            asked, (newest, erased) = time.monotonic(), await connection.fetchrow(NEWEST)
            self._store.begin(newest)
            self._store.erased(erased)
            self._lost = False
            while True:
                self._store.trust_until(asked + STALE)
                await asyncio.sleep(ROUND)
                heard, now = self._store.seen, time.monotonic()
                newer, erased = await connection.fetchrow(NEWEST)
                self._store.erased(erased)
                if self._store.seen < newest:
                    raise MissedError(f"Revision {newest} was written, and nobody told.")
                if newer < heard:
                    raise MissedError(f"Revision {heard} is gone: the register was restored to an earlier state.")
                asked, newest = now, newer
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _process: int, _channel: str, told: str) -> None:
        revision, resources = json.loads(told)
        self._store.heard(revision, resources)
        asyncio.get_running_loop().call_later(TOGETHER, self._store.reach, revision)
