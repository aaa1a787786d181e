"""A mirror: the same register in another database, whenever it was killed, down to the log and the past."""

import asyncio
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from app import mirroring
from app.auth import Role
from app.errors import Forbidden
from app.migrating import migrate
from app.resources import RESOURCES
from app.resources.events import EventData, events
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from tests.conftest import Databases, connected, execute, make_key, put, rows, serving, value
from tests.test_service import BROEN, PATIENCE, Service, broen, environment, service

OWN: Final = {"api_key", "allowance", "alembic_version", "mirror", "repeatable"}
"""The tables of a register that are no part of what it says."""
TABLES: Final = """
select nspname || '.' || relname, (select string_agg(quote_ident(attname), ', ' order by attname)
    from pg_attribute a join pg_type t on t.oid = atttypid
    where attrelid = c.oid and attnum > 0 and not attisdropped
        and not (attname = 'id' and typname = 'int8' and relname <> 'revision'))
from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind = 'r' and nspname in ('public', 'history') order by 1
"""


def event(title: str) -> EventData:
    """An event as it is written."""
    return validate(EventData, {"kind": "meeting", "title": title, "themes": ["Et", title]})


async def everything(url: str) -> dict[str, list[Any]]:
    """All rows of all tables, present and past, without the numbers by which parts are told apart."""
    found: dict[str, list[Any]] = {}
    async with connected(url) as connection:
        for table, columns in await connection.fetch(TABLES):
            if table.partition(".")[2] not in OWN:
                held = await connection.fetch(f"select {columns} from {table} order by 1, {columns}")
                found[table] = [tuple(row) for row in held]
    return found


async def changed(url: str, chance: random.Random, times: int) -> None:
    """Write to a register: new records, changes, deletions, restored ones, of one editor and another."""
    async with Writer(url, load_settings()) as writer:
        for n in range(times):
            async with writer.revision(f"forfatter {n % 3}", f"nr. {n}" if n % 2 else None) as revision:
                for _ in range(chance.randint(1, 5)):
                    id = f"e-{chance.randint(0, 12)}"
                    if chance.random() < 0.3 and await revision.delete(events, id):
                        continue
                    await revision.put(events, id, event(str(chance.random())))
            await asyncio.sleep(chance.uniform(0, 0.02))


@pytest.fixture
def copy(databases: Databases) -> Iterator[str]:
    """An empty database for a mirror."""
    with databases("template0") as url:
        yield url


def mirror(running: Service, copy: str, *options: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `broen mirror` to its end."""
    return broen("mirror", f"http://127.0.0.1:{running.port}/v1", *options, database_url=copy, **settings)


async def test_a_mirror_that_is_killed_again_and_again_is_equal_in_the_end(
    fresh: str, copy: str, tmp_path: Path, settings: Settings
) -> None:
    """Killed with -9 at random moments, while others write: the same rows, the same log, the same past."""
    chance = random.Random(5)  # noqa: S311 - so that it can be repeated
    key = await make_key(fresh, Role.STEWARD)
    with service(tmp_path / "log", database_url=fresh) as running:
        writing = asyncio.create_task(changed(fresh, chance, 20))
        command = [BROEN, "mirror", f"http://127.0.0.1:{running.port}"]
        env = environment(database_url=copy, mirror_key=key)
        kills = 0
        while kills < 2 or not writing.done():
            keeping = await asyncio.create_subprocess_exec(*command, env=env, stderr=subprocess.DEVNULL)
            await asyncio.sleep(chance.uniform(1.5, 3))
            keeping.kill()
            await keeping.wait()
            kills += 1
        await writing
        ran = await asyncio.to_thread(mirror, running, copy, "--once", mirror_key=key)
        assert ran.returncode == 0, ran.stderr
        assert await everything(copy) == await everything(fresh)
        last = await value(fresh, "select max(id) from revision")
        async with serving(settings.model_copy(update={"database_url": copy})) as client:
            for resource in RESOURCES:
                for known in (1, last // 2, last):
                    path = f"{resource.path}?limit=200&known_at={known}&count=true&as_of=2026-11-22"
                    assert (await client.get(path)).content == running.get(path).content
            place = running.get("/v1/changes?after=latest").json()["next"]
            assert (await client.get("/v1/changes?after=latest")).json()["next"] == place
    with pytest.raises(Forbidden, match="is a mirror of"):
        async with Writer(copy, load_settings()) as writer:
            await put(writer, (events, "en", event("En")))


async def until(url: str, query: str) -> None:
    """Wait until a query finds something."""
    async with asyncio.timeout(PATIENCE):
        while not await rows(url, query):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


async def test_a_mirror_follows_and_starts_anew_only_when_told(fresh: str, copy: str, tmp_path: Path) -> None:
    """What is written comes within moments; of a register that has lost what it has seen it says so, and ends."""
    await asyncio.to_thread(migrate, copy)
    said: list[str] = []
    with service(tmp_path / "log", database_url=fresh) as running:
        source = f"http://127.0.0.1:{running.port}"

        async def keep(url: str = copy, *, once: bool = True) -> None:
            await mirroring.keep(source, url, None, once=once, told=said.append)

        keeping = asyncio.create_task(keep(once=False))
        await until(copy, "select from mirror")
        async with Writer(fresh, load_settings()) as writer:
            await put(writer, (events, "tabt", event("Tabt")))
        begun = time.monotonic()
        await until(copy, "select from event where id = 'tabt'")
        assert time.monotonic() - begun < 5
        assert (await rows(copy, "select by, by_organisations from revision where id = 2")) == [("register", None)]
        with pytest.raises(mirroring.MirrorError, match="Another `broen mirror`"):
            await keep()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        gone = "delete from change where revision > 1; delete from event where id = 'tabt'; delete from revision"
        await execute(fresh, f"set session_replication_role = replica; {gone} where id > 1")
        with pytest.raises(mirroring.MirrorError, match="--restart"):
            await keep()
        anew = await asyncio.to_thread(mirror, running, copy, "--once", "--restart")
        assert anew.returncode == 0, anew.stderr
        assert await rows(copy, "select max(id) from revision") == [(1,)]
        with pytest.raises(mirroring.MirrorError, match="a register of its own"):
            await mirroring.discard(fresh)
        with pytest.raises(mirroring.MirrorError, match="a register of its own"):
            await keep(fresh)
    with pytest.raises(mirroring.MirrorError, match="cannot be reached"):
        await keep()


async def test_a_revision_of_several_pages_is_made_again_whole(
    fresh: str, copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees a part of it, and who is killed within begins it anew."""
    monkeypatch.setattr(mirroring, "LIMIT", 50)
    await asyncio.to_thread(migrate, copy)
    with service(tmp_path / "log", database_url=fresh) as running:
        source = f"http://127.0.0.1:{running.port}"
        for _ in range(2):
            async with mirroring.Mirror.of(source, copy, None) as half:
                assert [(await half.step(0))[1] for _ in range(3)] == [False] * 3
            assert await rows(copy, "select id from revision") == []
            assert await value(copy, "select position from mirror") == "0"
            ended = await asyncio.to_thread(broen, "load", database_url=copy)
            assert (ended.returncode, source in ended.stderr) == (1, True), "it is a mirror from the start"
        said: list[str] = []
        await mirroring.keep(source, copy, await make_key(fresh, Role.STEWARD), once=True, told=said.append)
        assert len(said) == 1
    assert await everything(copy) == await everything(fresh)


def test_an_address_that_is_none_is_told() -> None:
    """Before anything is begun."""
    ran = broen("mirror", "ftp://x")
    assert (ran.returncode, "should be an address that begins with https://" in ran.stderr) == (1, True)
