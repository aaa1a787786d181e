"""The feed of changes: each once, in order, however often a follower is cut off; what is lost is told."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest
from httpx import AsyncClient

from app.main import create_api
from app.resources.events import EventData, events
from app.resources.organisations import OrganisationData, organisations
from app.rest import following
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from tests.conftest import Databases, counting, execute, put, rows, serving, value
from tests.test_contract import validator
from tests.test_service import PATIENCE, Service, service

LOG: Final = "select seq, resource, id, version, op from change order by seq"
Change = tuple[Any, ...]


def event(title: str) -> EventData:
    """An event as it is written."""
    return validate(EventData, {"kind": "meeting", "title": title})


def told(changes: list[dict[str, Any]]) -> list[Change]:
    """Changes as the log has them."""
    return [tuple(change[name] for name in ("seq", "resource", "id", "version", "op")) for change in changes]


async def page(client: AsyncClient, **query: Any) -> Any:
    """A page of the feed, exactly as declared."""
    answer = (await client.get("/v1/changes", params=query)).raise_for_status()
    validator("/v1/changes").validate(answer.json())
    return answer.json()


async def followed(client: AsyncClient, after: str = "0", **query: Any) -> list[dict[str, Any]]:
    """All changes after a position, page by page."""
    found: list[dict[str, Any]] = []
    while (answer := await page(client, after=after, **query))["items"]:
        found += answer["items"]
        assert answer["next"] != after
        after = answer["next"]
    assert answer["next"] == after, "the end of the log is the same place"
    return found


async def test_the_feed_is_the_log(fresh: str, own_client: AsyncClient, writer: Writer) -> None:
    """Page by page, with each record as it was stored, deleted ones too; a filter leaves out others."""
    await put(writer, (events, "en", event("En")))
    async with writer.revision("nogen") as revision:
        await revision.put(events, "to", event("To"))
        await revision.delete(events, "en", "to")
    found = await followed(own_client, limit=100)
    assert told(found) == await rows(fresh, LOG)
    last = found[-1]
    assert (last["op"], last["value"], last["replaced_by"], last["revision"]) == ("delete", None, "to", 3)
    stored = await rows(fresh, "select value::text from change order by seq")
    assert [c["value"] for c in found] == [text and json.loads(text) for (text,) in stored]
    assert told(await followed(own_client, resource=["events", "goals"], limit=2)) == [
        c for c in await rows(fresh, LOG) if c[1] in ("events", "goals")
    ]
    records = ["events/en", "goals/sundhedsaftale-sjaelland-2019-maal-1", "events/nobody"]
    assert told(await followed(own_client, record=records, limit=2)) == [
        c for c in await rows(fresh, LOG) if f"{c[1]}/{c[2]}" in records
    ]
    answer = await own_client.get("/v1/changes?record=event/en")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "record")
    assert await page(own_client, after="latest") == await page(own_client, after=found[-1]["position"])
    one = (await own_client.get("/v1/revisions/3")).json()
    after = one["href"].partition("after=")[2]
    assert [c["revision"] for c in await followed(own_client, after)] == [3, 3]
    assert (await own_client.get("/v1/revisions/1")).json()["href"] == "/v1/changes?after=0"


async def test_a_change_is_waited_for(settings: Settings, fresh: str) -> None:
    """The answer comes with the write, to all who wait, with one read for them all; or without, when none comes."""
    async with counting(settings.model_copy(update={"database_url": fresh})) as (client, statements):
        here = (await page(client, after="latest"))["next"]
        begun = time.monotonic()
        assert (await page(client, after=here, wait=1))["items"] == []
        assert 0.9 < time.monotonic() - begun < 5
        statements.clear()
        async with asyncio.TaskGroup() as waiting, Writer(fresh, load_settings()) as elsewhere:
            all_of_them = [waiting.create_task(page(client, after=here, wait=60)) for _ in range(30)]
            await asyncio.sleep(0.2)
            await put(elsewhere, (events, "en", event("En")))
        assert [told((await one)["items"])[0][1:3] for one in all_of_them] == [("events", "en")] * 30
        assert len(statements) <= 4, "one for all at first, one for all at the wake"


async def test_waiting_goes_on_past_what_was_not_asked_for(settings: Settings, fresh: str) -> None:
    """A change of another resource ends nobody's wait."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        here = (await page(client, after="latest"))["next"]
        async with Writer(fresh, load_settings()) as elsewhere:
            waiting = asyncio.create_task(page(client, after=here, resource=["organisations"], wait=60))
            await put(elsewhere, (events, "en", event("En")))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            data = validate(OrganisationData, {"kind": "association", "name": "Prøve"})
            await put(elsewhere, (organisations, "proeve", data))
            assert [c["id"] for c in (await waiting)["items"]] == ["proeve"]


async def test_an_answer_is_never_older_than_what_its_asker_has_written(
    own_client: AsyncClient, writer: Writer
) -> None:
    """However many read at once."""
    here = (await page(own_client, after="latest"))["next"]
    for n in range(20):
        early = [asyncio.create_task(page(own_client, after=here)) for _ in range(3)]
        await asyncio.sleep(0)
        await put(writer, (events, f"e-{n}", event(str(n))))
        assert (await page(own_client, after=here))["items"][-1]["id"] == f"e-{n}"
        await asyncio.gather(*early)


@pytest.mark.parametrize(("parameter", "wrong"), [("after", "1"), ("after", "x-1"), ("wait", 61), ("wait", -1)])
async def test_nonsense_is_told(client: AsyncClient, parameter: str, wrong: str | int) -> None:
    """400, by pages and by streams."""
    for path in ("/v1/changes", "/v1/changes/stream"):
        answer = await client.get(path, params={parameter: wrong})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, parameter)


@pytest.fixture
def restored(databases: Databases) -> Iterator[str]:
    """The register of `fresh` as it was before anybody wrote to that: its log begins with the same change."""
    with databases() as url:
        yield url


async def test_a_place_that_is_not_in_this_log_is_told(fresh: str, restored: str, settings: Settings) -> None:
    """Of a register restored to an earlier state: who has seen what is lost is told, all others go on."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        kept = await page(client, after="latest")
        async with Writer(fresh, load_settings()) as writer:
            await put(writer, (events, "tabt", event("Tabt")))
        lost = await page(client, after="latest")
    async with serving(settings.model_copy(update={"database_url": restored})) as client:
        for n in range(3):
            for path in ("/v1/changes", "/v1/changes/stream"):
                answer = await client.get(path, params={"after": lost["next"]})
                validator("/v1/changes", 410).validate(answer.json())
                assert answer.json()["type"] == "urn:broen:problem:start-anew"
            async with Writer(restored, load_settings()) as writer:
                await put(writer, (events, f"ny-{n}", event("Ny")))
        assert [c["id"] for c in await followed(client, kept["next"])] == ["ny-0", "ny-1", "ny-2"]
        assert (await page(client))["epoch"] != kept["epoch"] == lost["epoch"]


async def test_a_register_that_goes_back_under_a_running_service_is_noticed(fresh: str, settings: Settings) -> None:
    """What was kept of the lost state is forgotten, and nobody reads again and again."""
    async with counting(settings.model_copy(update={"database_url": fresh})) as (client, statements):
        async with Writer(fresh, load_settings()) as writer:
            await put(writer, (events, "tabt", event("Tabt")))
        lost = (await page(client, after="latest"))["next"]
        assert (await client.get("/v1/events/tabt")).status_code == 200
        gone = "delete from change where revision > 1; delete from event where id = 'tabt'; delete from revision"
        await execute(fresh, f"set session_replication_role = replica; {gone} where id > 1")
        async with asyncio.timeout(10):
            await until(client, "/v1/events/tabt", 404)
        assert (await client.get("/v1/changes", params={"after": lost})).status_code == 410
        statements.clear()
        assert (await page(client, after="latest", wait=1))["items"] == []
        assert len(statements) <= 3


async def until(client: AsyncClient, path: str, status: int) -> None:
    """Ask until the answer has a status."""
    while (await client.get(path)).status_code != status:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0.1)


class Follower:
    """Somebody who follows the changes of a service, and is cut off again and again."""

    def __init__(self, running: Service, chance: random.Random) -> None:
        self.base, self.chance = f"http://127.0.0.1:{running.port}", chance
        self.seen: list[dict[str, Any]] = []
        self.cuts = 0
        self._at = "0"

    async def follow(self, last: str, *, stream: bool) -> None:
        """Follow until the change of an id has been seen."""
        async with AsyncClient(base_url=self.base, trust_env=False, timeout=30) as client:
            while not self.seen or self.seen[-1]["id"] != last:
                try:
                    async with asyncio.timeout(self.chance.uniform(0.01, 0.2)):
                        await (self._stream(client) if stream else self._page(client))
                except (TimeoutError, httpx.TransportError):
                    self.cuts += 1

    async def _page(self, client: AsyncClient) -> None:
        asked: dict[str, str | int] = {"after": self._at, "wait": 5, "limit": self.chance.randint(1, 40)}
        answer = (await client.get("/v1/changes", params=asked)).raise_for_status().json()
        self.seen += answer["items"]
        self._at = answer["next"]

    async def _stream(self, client: AsyncClient) -> None:
        at = {"Last-Event-ID": self._at} if self.seen else {}
        async with client.stream("GET", "/v1/changes/stream", headers=at) as answer:
            async for id, data in events_of(answer):
                self._at = id
                self.seen += [json.loads(data)] if data else []


async def events_of(answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """The events of a stream: the id and the data of each."""
    id = data = ""
    async for line in answer.aiter_lines():
        if not line:
            yield id, data
            id = data = ""
        name, _, text = line.partition(": ")
        id, data = (text if name == "id" else id), (text if name == "data" else data)


async def test_whoever_is_cut_off_sees_each_change_once_and_in_order(fresh: str, tmp_path: Path) -> None:
    """Three writers in other processes' manner, some of whose writes fail; followers by pages and by stream."""
    chance = random.Random(6)  # noqa: S311 - so that it can be repeated

    async def write(writer: Writer, name: str) -> None:
        for n in range(25):
            async with writer.revision(name, trial=chance.random() < 0.3) as revision:
                for m in range(chance.randint(1, 4)):
                    await revision.put(events, f"{name}-{n}-{m}", event(f"{name} {n}"))
            await asyncio.sleep(chance.uniform(0, 0.1))

    with service(tmp_path / "log", database_url=fresh) as running:
        followers = [Follower(running, random.Random(n)) for n in range(4)]  # noqa: S311
        reads = [asyncio.create_task(f.follow("slut", stream=n % 2 == 0)) for n, f in enumerate(followers)]
        async with Writer(fresh, load_settings()) as one, Writer(fresh, load_settings()) as other:
            await asyncio.gather(write(one, "a"), write(other, "b"), write(other, "c"))
            await put(one, (events, "slut", event("Slut")))
        await asyncio.wait_for(asyncio.gather(*reads), PATIENCE)
        assert running.stop() == -15
    log = await rows(fresh, LOG)
    assert log[-1][0] > len(log), "what failed has left gaps in the numbers"
    for follower in followers:
        assert told(follower.seen) == log
        assert follower.cuts > 3


async def test_a_stream_says_that_it_is_there_and_where(
    fresh: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing happens; what has been told is not told again."""
    monkeypatch.setattr(following, "HEARTBEAT", 0.05)
    api = create_api(settings.model_copy(update={"database_url": fresh}))
    async with api.router.lifespan_context(api), Writer(fresh, load_settings()) as writer:
        feed, reader, place = api.state.feed, api.state.reader, following.Place("latest", None, 10)
        said = feed.stream(reader, place, await feed.read(reader, place))
        assert (await anext(said)).startswith(b"retry: ")
        beats = [await anext(said) for _ in range(3)]
        assert len(set(beats)) == 1
        await put(writer, (events, "en", event("En")))
        while (heard := await anext(said)) in beats:
            assert heard.startswith(b"id: ")
        assert heard.count(b"data: ") == 1
        assert [b"data" in await anext(said) for _ in range(3)] == [False] * 3
        feed.end()
        assert [beat async for beat in said] == []


@asynccontextmanager
async def streams(running: Service, number: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Streams that are open, over bare sockets; each has said where it begins."""
    ask = b"GET /v1/changes/stream?after=latest HTTP/1.1\r\nHost: broen\r\n\r\n"
    opened = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(number)]
    try:
        for _, sender in opened:
            sender.write(ask)
        for taker, _ in opened:
            await asyncio.wait_for(taker.readuntil(b"id: "), PATIENCE)
        yield [taker for taker, _ in opened]
    finally:
        for _, sender in opened:
            sender.close()


async def test_idle_streams_cost_little_and_all_hear_of_a_write(fresh: str, tmp_path: Path) -> None:
    """Two hundred: some megabytes, no connection to the database each; they end at once when the service stops."""
    busy = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'broen%'"
    with service(tmp_path / "log", database_url=fresh) as running:
        process = psutil.Process(running.process.pid)
        async with streams(running, 5):
            idle, connections = process.memory_info().rss, await value(fresh, busy)
        async with streams(running, 200) as takers:
            grown = (process.memory_info().rss - idle) / 2**20
            assert grown < 20, f"{grown:.0f} MB"
            assert await value(fresh, busy) <= connections + 1
            async with Writer(fresh, load_settings()) as writer:
                await put(writer, (events, "en", event("En")))
            for taker in takers:
                assert b'"id" : "en"' in await asyncio.wait_for(taker.readuntil(b'"op"'), PATIENCE)
            begun = time.monotonic()
            running.process.terminate()
            for taker in takers:
                assert (await asyncio.wait_for(taker.read(), PATIENCE)).endswith(b"0\r\n\r\n")
            await asyncio.to_thread(running.process.wait, PATIENCE)
            assert time.monotonic() - begun < 5


async def test_followers_are_bounded_and_counted_out(fresh: str, tmp_path: Path) -> None:
    """One too many is a 503 that says when to come back; whoever leaves makes room."""
    with service(tmp_path / "log", database_url=fresh, followers=2) as running:
        async with streams(running, 2):
            for path in ("/v1/changes/stream", "/v1/changes?after=latest&wait=5"):
                answer = await asyncio.to_thread(running.get, path)
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
            assert (await asyncio.to_thread(running.get, "/v1/changes?after=latest")).status_code == 200
        deadline = time.monotonic() + PATIENCE
        while (await asyncio.to_thread(running.get, "/v1/changes?after=latest&wait=1")).status_code != 200:
            assert time.monotonic() < deadline
