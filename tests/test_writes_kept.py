"""What has been acknowledged is kept: many writers at once, and processes killed at any moment."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import psutil
import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.auth import Role
from app.embedded import running
from app.migrating import migrate
from app.settings import Settings
from tests.conftest import loaded, make_key, rows, value
from tests.test_service import PATIENCE, environment, free_port, service
from tests.test_writes import BODY, PATCH, signed_in

WRITES: Final = 1000
RECORDS: Final = 100
AT_ONCE: Final = 50
CAREFUL: Final = 0.1
"""How many of the writers look first, and come too late where another was quicker."""
KILLS: Final = {"service": 36, "backend": 14, "postmaster": 2}
"""How often which process is killed with -9: the service, a session of PostgreSQL (which then recovers as after a crash
of its own), or the whole of PostgreSQL."""
PARTS: Final = [{"name": "A"}, {"name": "B"}, {"name": "C"}]


@asynccontextmanager
async def client(port: int, key: str) -> AsyncIterator[AsyncClient]:
    """A client of a real server."""
    limits = httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=2)  # before the server gives a connection up
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{port}"
    async with AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60, trust_env=False) as asking:
        yield asking


async def test_a_thousand_writes_at_once_lose_nothing(tmp_path: Path, fresh: str) -> None:
    """Over many records: each acknowledged write is there, versions have no gap, only who comes too late fails."""
    key = await make_key(fresh, Role.STEWARD)
    more = {"database_url": fresh, "writes_per_minute": 1_000_000, "write_seconds": 60}
    with service(tmp_path / "log", **more) as server:
        async with client(server.port, key) as asking:
            for n in range(RECORDS):
                (await asking.post("/v1/organisations", json=BODY | {"id": f"o-{n}"})).raise_for_status()
            left, acknowledged, refused = WRITES, [], Counter[int]()

            async def write(number: int) -> None:
                nonlocal left
                chance = random.Random(number)  # noqa: S311 - nothing secret
                while left > 0:
                    path = f"/v1/organisations/o-{chance.randrange(RECORDS)}"
                    tag = (await asking.get(path)).headers["ETag"] if chance.random() < CAREFUL else "*"
                    name = f"{number} {left}"
                    answer = await asking.patch(path, json={"name": name}, headers=PATCH | {"If-Match": tag})
                    if answer.status_code == 200:
                        left -= 1
                        acknowledged.append((answer.json()["id"], answer.json()["version"], name))
                    refused[answer.status_code] += 1

            await asyncio.gather(*map(write, range(AT_ONCE)))
    assert set(refused) <= {200, 412}
    assert len(acknowledged) >= WRITES
    query = "select id, version, value ->> 'name' from change where id like 'o-%' and version > 1"
    assert sorted(await rows(fresh, query)) == sorted(acknowledged)
    gaps = "select id from change where id like 'o-%' group by id having max(version) <> count(*)"
    assert await rows(fresh, gaps) == []
    assert await value(fresh, "select max(id) = count(*) from revision")
    newest = "(select max(version) from change where change.id = organisation.id)"
    assert await rows(fresh, f"select id from organisation where id like 'o-%' and version <> {newest}") == []


class Writing:
    """Somebody who writes one record after the other, whatever happens."""

    def __init__(self, asking: AsyncClient) -> None:
        self.acknowledged: set[str] = set()
        self.uncertain: set[str] = set()
        self.failed: Counter[int] = Counter()
        self._asking, self._over, self._number = asking, False, 0

    async def write(self) -> None:
        """Write until it is over."""
        while not self._over:
            self._number += 1
            id = f"k-{self._number}"
            body = BODY | {"name": f"Nummer {id}", "name_variants": PARTS}
            try:
                answer = await self._asking.put(f"/v1/organisations/{id}", json=body, headers={"If-None-Match": "*"})
            except httpx.TransportError:
                self.uncertain.add(id)
                await asyncio.sleep(0.01)
                continue
            if answer.status_code == 201:
                self.acknowledged.add(id)
            else:
                self.failed[answer.status_code] += 1
                self.uncertain.add(id)

    async def some(self) -> None:
        """Wait until something more has been acknowledged."""
        before, deadline = len(self.acknowledged), time.monotonic() + PATIENCE
        while len(self.acknowledged) == before:
            assert time.monotonic() < deadline, self.failed
            await asyncio.sleep(0.005)

    def end(self) -> None:
        """It is over."""
        self._over = True


class Killable:
    """A service and a PostgreSQL that are there to be killed."""

    def __init__(self, folder: Path, url: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._log = (folder / "log").open("wb")
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(self.port)],
            env=environment(database_url=url, writes_per_minute=1_000_000, log_level="warning", log_format="json"),
            cwd=Path(__file__).parents[1],
            stderr=self._log,
        )

    def kill(self, what: str) -> None:
        """Kill a process with -9, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, StopIteration):
                self._find(what).kill()
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _find(self, what: str) -> psutil.Process:
        if what == "service":
            return psutil.Process(self._program.pid).children()[0]
        postmaster = psutil.Process(int((self._folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        if what == "postmaster":
            return postmaster
        return next(process for process in postmaster.children() if "[local]" in " ".join(process.cmdline()))

    def end(self) -> None:
        """End the service."""
        for child in psutil.Process(self._program.pid).children():
            child.kill()
        self._program.kill()
        self._program.wait()
        self._log.close()


async def test_whoever_is_killed_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    """Service or PostgreSQL, with -9, at random moments; what was not acknowledged is whole or absent."""
    chance = random.Random(1)  # noqa: S311
    kills = [what for what, times in KILLS.items() for _ in range(times)]
    chance.shuffle(kills)
    with running(tmp_path / "data", options={"fsync": "off"}) as url:
        await asyncio.to_thread(migrate, url)
        await loaded(url)
        key = await make_key(url, Role.STEWARD)
        killable = Killable(tmp_path / "data", url)
        try:
            async with client(killable.port, key) as asking:
                writing = Writing(asking)
                tasks = [asyncio.create_task(writing.write()) for _ in range(4)]
                for what in kills:
                    await writing.some()
                    await asyncio.sleep(chance.uniform(0, 0.1))
                    await asyncio.to_thread(killable.kill, what)
                await writing.some()
                writing.end()
                await asyncio.gather(*tasks)
        finally:
            killable.end()
        assert set(writing.failed) <= {503}, writing.failed
        written = {id for (id,) in await rows(url, WHOLE)}
        assert writing.acknowledged <= written
        assert written <= writing.acknowledged | writing.uncertain
        for table, id in TOUCHED.items():
            found = await rows(url, f"select distinct {id} from {table} where {id} ~ '(^|/)k-[0-9]+$'")
            assert {id.removeprefix("organisations/") for (id,) in found} == written, table
        assert await value(url, "select max(id) = count(*) from revision")


WHOLE: Final = """
    select id from organisation join change using (id, version) where id ~ '^k-[0-9]+$' and version = 1
    and value ->> 'name' = name and jsonb_array_length(value -> 'name_variants') = 3
    and (select count(*) from organisation_name_variant where record_id = organisation.id) = 3
"""
TOUCHED: Final = {
    "organisation": "id",
    "change": "id",
    "history.organisation": "id",
    "organisation_name_variant": "record_id",
    "history.organisation_name_variant": "record_id",
    "search_entry": "id",
}
"""What a write leaves its traces in."""


NASTY: Final = st.sampled_from(
    [
        b"", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"{}\x00", b'{"name": NaN}', b'{"name": 1e999999999}',
        b"[" * 5000,
        b'{"kind": "other", "name": "\\ud800"}', b'{"kind": "other", "name": "a\\u0000b"}', b'{"\\u0000": 1}',
        b'{"kind": "other", "kind": "other", "name": "x"}', b'{"kind": "other", "name": "\xe6"}', b'"' + b"a" * 2000,
        b'{"kind": "other", "name": ' + b"1" + b"0" * 400 + b"}", b'{"kind": "other", "name": "x", "id": "A"}',
        b'{"kind": "other", "name": "x", "members": [{"described_as": "y", "seats": 1e400}]}',
        b'{"kind": "other", "name": "x", "members": [{"described_as": "y", "seats": 1e300}]}',
        b'{"kind": "other", "name": "x", "sources": [{"document": "sundhedsloven", "fields": [""], "stated": '
        + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}]}",
        b'{"kind": "other", "name": "x", "sources": [{"document": "sundhedsloven", "fields": ["/\\u0000"]}]}',
    ]
)  # fmt: skip
WRONG: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
).map(lambda wrong: json.dumps({"kind": "other", "name": "x", "colour": wrong}).encode())
"""JSON and what is nearly JSON, never a record."""


@pytest.fixture
async def steward(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client that may write everything."""
    async with signed_in(fresh, settings, Role.STEWARD) as asking:
        yield asking


@hypothesis_settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NASTY | WRONG | st.binary(max_size=60))
@example(b'{"kind": "other", "name": "x", "sources": [{"document": "sundhedsloven", "fields": [""], "stated": 1e999}]}')
async def test_no_body_is_a_failure(steward: AsyncClient, fresh: str, body: bytes) -> None:
    """Whatever is sent is refused, and nothing is written."""
    for method, path, kind in (
        ("POST", "/v1/organisations", "application/json"),
        ("PUT", "/v1/organisations/lolland-kommune", "application/json"),
        ("PATCH", "/v1/organisations/lolland-kommune", PATCH["Content-Type"]),
    ):
        headers = {"Content-Type": kind} | ({} if method == "POST" else {"If-Match": "*"})
        answer = await steward.request(method, path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (method, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert await value(fresh, "select max(id) from revision") == 1
