"""Answers from memory: as fast as bytes can be sent, and never older than promised."""

import asyncio
import gzip
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from app.openapi import WITHOUT_DATABASE
from app.resources.events import EventData, events
from app.resources.organisations import OrganisationData, organisations
from app.rest.body import validate
from app.rest.cache import canonical, takes_gzip
from app.rest.kept import OVERHEAD, Answer, Store
from app.rest.listening import STALE
from app.rest.reading import tables_in
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from bench import urls
from bench.report import Gate
from tests.conftest import SERVING, connected, counting, execute, put, serving, value
from tests.test_contract import OPERATIONS, filled, required

LISTENERS: Final = "application_name = 'broen listens' and datname = current_database()"
PLAIN: Final = {"Accept-Encoding": "identity"}
Counted = tuple[AsyncClient, list[str]]


def organisation(name: str) -> OrganisationData:
    """An organisation as it is written."""
    return validate(OrganisationData, {"kind": "association", "name": name})


def event(title: str) -> EventData:
    """An event as it is written."""
    return validate(EventData, {"kind": "meeting", "title": title})


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes within moments."""
    async with asyncio.timeout(20):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def trusted(settings: Settings, url: str) -> AsyncIterator[tuple[AsyncClient, Store]]:
    """The application on a register, and its store, once it hears of writes."""
    async with serving(settings.model_copy(update={"database_url": url})) as client:
        store = SERVING[url][-1]
        await until(lambda: store.trusted)
        yield client, store


@pytest.fixture
async def counted(fresh: str, settings: Settings) -> AsyncIterator[Counted]:
    """A client of a register of one's own, and the statements that its requests send."""
    async with counting(settings.model_copy(update={"database_url": fresh})) as counted:
        yield counted


@pytest.fixture
async def elsewhere(fresh: str) -> AsyncIterator[Writer]:
    """A writer in what could be another process: nobody here is told but by the database."""
    async with Writer(fresh, load_settings()) as writer:
        yield writer


def sent(answer: Response) -> tuple[Any, ...]:
    """All of an answer but the id of its request."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "x-request-id"}


async def test_what_has_been_asked_is_answered_without_the_database(counted: Counted) -> None:
    """Once for all spellings of a question: a 200, a 304, HEAD, whatever the order of its parameters."""
    client, statements = counted
    first = await client.get("/v1/regions?limit=3&id=dk-1085&id=dk-1084", headers=PLAIN)
    asked = len(statements)
    again = await client.get("/v1/regions?id=dk-1085&id=dk-1084&limit=3", headers=PLAIN)
    assert sent(again) == sent(first)
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert again.headers["Broen-Revision"] == "1"
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    held = await client.get(again.url, headers=PLAIN | {"If-None-Match": first.headers["ETag"]})
    assert (held.status_code, held.content, held.headers["Broen-Revision"]) == (304, b"", "1")
    head = await client.head(again.url, headers=PLAIN)
    assert (head.content, head.headers["ETag"], head.headers["Content-Length"]) == (
        b"", first.headers["ETag"], str(len(first.content)))  # fmt: skip
    assert len(statements) == asked == 1


async def test_a_page_elsewhere_gets_what_was_kept_for_another(client: AsyncClient) -> None:
    """Whoever asked first, every browser may read the answer and see its headers."""
    await client.get("/v1/regions")
    answer = await client.get("/v1/regions", headers={"Origin": "https://example.org"})
    assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
    assert "Broen-Revision" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


async def test_each_encoding_has_a_tag_of_its_own(counted: Counted) -> None:
    """Gzip is made once, for those who take it; either tag gives a 304; what is short is not compressed."""
    client, statements = counted
    plain = await client.get("/v1/municipalities", headers=PLAIN)
    packed = await client.get("/v1/municipalities", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 3
    assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        held = await client.get("/v1/municipalities", headers={"If-None-Match": f'"other", W/{tag}'})
        assert (held.status_code, held.headers["ETag"]) == (304, tag)
    refused = await client.get("/v1/municipalities", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "Content-Encoding" not in refused.headers
    assert len(statements) == 1
    short = await client.get("/v1/consultations?outcome=rejected", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    assert short.headers["Vary"] == "Accept, Accept-Encoding"


async def test_huge_answers_are_compressed_once_however_many_want_them() -> None:
    """On a thread, and all get the same bytes."""
    body = b"".join(b"%d," % n for n in range(100_000))
    huge = Answer(b'"tag"', [], body, frozenset(), None, b"")
    one, other = await asyncio.gather(huge.zipped(), huge.zipped())
    assert one is other
    assert gzip.decompress(one.body["body"]) == body


def test_who_takes_gzip() -> None:
    """Whoever names it or anything, with a weight above nought."""
    assert all(map(takes_gzip, (b"gzip", b"GZIP, br", b"br;q=1,gzip ; q=0.001", b"*")))
    assert not any(map(takes_gzip, (b"", b"br", b"*;q=0", b"gzip;q=0.0, *", b"identity, gzip; q=0")))


def test_the_order_of_a_parameters_values_is_kept() -> None:
    """Of `columns` and `group_by` it matters; a name that is spelt oddly is left alone."""
    assert canonical(b"b=2&a=2&b=1&a=1") == b"a=2&a=1&b=2&b=1"
    assert canonical(b"%62=2&a=1&b=1") == b"%62=2&a=1&b=1"


async def test_many_who_want_the_same_ask_the_database_once(counted: Counted, fresh: str) -> None:
    """Whoever goes away meanwhile, the one who asked first included, takes nothing from the others."""
    client, statements = counted
    async with connected(fresh) as connection, connection.transaction():
        await connection.execute("lock table region in access exclusive mode")
        first = asyncio.create_task(client.get("/v1/regions"))
        await until(lambda: bool(statements) or first.done() or bool(SERVING[fresh][-1].flights))
        waiting = [asyncio.create_task(client.get("/v1/regions")) for _ in range(20)]
        await asyncio.sleep(0.2)
        for gone in (first, waiting.pop()):
            gone.cancel()
        await asyncio.sleep(0.2)
    answers = await asyncio.gather(*waiting)
    assert {(answer.status_code, answer.headers["ETag"]) for answer in answers} == {(200, answers[0].headers["ETag"])}
    assert len(statements) <= 2


async def test_a_write_takes_only_what_reads_its_tables(counted: Counted, writer: Writer) -> None:
    """Of this very process, at once; the others say that they show the newest revision just as well."""
    client, statements = counted
    for path in ("/v1/regions", "/v1/events"):
        await client.get(path)
    statements.clear()
    await put(writer, (events, "a-meeting", event("Et møde")))
    found = (await client.get("/v1/events?sort=title")).json()
    assert "a-meeting" in {item["id"] for item in (await client.get("/v1/events")).json()["items"]}
    assert "a-meeting" in {item["id"] for item in found["items"]}
    assert len(statements) == 2
    kept = await client.get("/v1/regions")
    assert (kept.headers["Broen-Revision"], len(statements)) == ("2", 2)
    assert (await client.get("/v1")).json()["revision"] == 2


async def test_failures_are_not_kept(counted: Counted, writer: Writer) -> None:
    """What nobody had may be there the next time."""
    client, _ = counted
    assert (await client.get("/v1/organisations/a-new-one")).status_code == 404
    await put(writer, (organisations, "a-new-one", organisation("Ny")))
    assert (await client.get("/v1/organisations/a-new-one")).status_code == 200


async def test_who_gives_a_name_is_answered_by_the_api(counted: Counted) -> None:
    """Neither from what is kept nor for others to have; a 304 is possible all the same."""
    client, statements = counted
    named = {"Authorization": "Bearer nobody"}
    tag = (await client.get("/v1/regions", headers=named)).headers["ETag"]
    assert (await client.get("/v1/regions", headers=named | {"If-None-Match": tag})).status_code == 304
    await client.get("/v1/regions")
    await client.get("/v1/regions", headers=named)
    assert len(statements) == 4


async def test_streams_pass_untouched(counted: Counted, fresh: str) -> None:
    """Read anew each time, and never compressed or kept."""
    client, _ = counted
    store = SERVING[fresh][-1]
    for _ in range(2):
        answer = await client.get("/v1/regions?format=csv", headers={"Accept-Encoding": "gzip"})
        assert "ETag" not in answer.headers
        assert "Content-Encoding" not in answer.headers
    assert (len(store), store.flights) == (0, {})


class Clock(Settings):
    """Settings with a clock that can be set."""

    @property
    def days(self) -> list[date]:
        """The days that there were, the last of which is today."""
        return DAYS

    def day(self) -> date:
        """Today."""
        return self.days[-1]


DAYS: Final = [date(2026, 12, 31)]


async def test_at_midnight_yesterdays_answers_are_of_yesterday(register: str) -> None:
    """Region Hovedstaden ends with 2026, whatever was kept of it."""
    async with serving(Clock(database_url=register)) as client:
        await until(lambda: SERVING[register][-1].trusted)
        before = await client.get("/v1/regions/dk-1084")
        DAYS.append(date(2027, 1, 1))
        await asyncio.sleep(1)
        after = await client.get("/v1/regions/dk-1084")
    assert (before.headers["Broen-As-Of"], after.headers["Broen-As-Of"]) == ("2026-12-31", "2027-01-01")


async def test_no_more_is_kept_than_there_is_room_for(settings: Settings, register: str) -> None:
    """The longest unused goes first, and what is too long is not kept at all; nor is anything without room."""
    room = settings.model_copy(update={"cache_bytes": 5 * (OVERHEAD + 6000)})
    async with trusted(room, register) as (client, store):
        ids = [item["id"] for item in (await client.get("/v1/municipalities?limit=100")).json()["items"]]
        assert len(store) == 0
        for id in ids:
            await client.get(f"/v1/municipalities/{id}")
            assert store.weight <= room.cache_bytes
        assert 3 <= len(store) < len(ids)
    async with trusted(settings.model_copy(update={"cache_bytes": 0}), register) as (client, store):
        assert [(await client.get("/v1/regions")).status_code for _ in range(2)] == [200, 200]
        assert (len(store), store.weight) == (0, 0)


def told(*tables: str, revision: int) -> Answer:
    """An answer that has read these tables."""
    return Answer(b'"tag"', [], b"{}", frozenset(tables), revision, b"")


def test_what_was_read_before_a_write_was_heard_of_is_not_kept() -> None:
    """However late it comes; an answer that a slow statement has read is older than it looks."""
    store = Store(10**6, {"regions": {"region"}, "plans": {"plan"}})
    store.trust_until(time.monotonic() + 60)
    store.begin(1)
    store.heard(3, ["regions"])
    store.keep("late", told("region", revision=2))
    store.keep("other", told("plan", revision=2))
    assert (store.get("late"), bool(store.get("other"))) == (None, True)
    store.heard(4, ["what-only-a-newer-service-knows"])
    assert store.get("other") is None


def test_ones_own_write_does_not_hide_one_that_is_still_unheard_of() -> None:
    """Another process wrote before this one, and its message comes later."""
    store = Store(10**6, {"regions": {"region"}, "plans": {"plan"}})
    store.trust_until(time.monotonic() + 60)
    store.begin(1)
    store.keep("regions", told("region", revision=1))
    store.wrote(3, ["plans"])
    assert store.get("regions")
    assert store.seen == 1
    store.heard(2, ["regions"])
    assert store.get("regions") is None
    store.heard(3, ["plans"])
    store.reach(3)
    assert store.seen == 3


async def named(client: AsyncClient, id: str = "a-name", **headers: str) -> str:
    """What an organisation is called in an answer."""
    answer = await client.get(f"/v1/organisations/{id}", headers=headers)
    name: str = answer.raise_for_status().json()["name"]
    return name


async def test_a_writer_reads_its_own_write_on_any_worker(fresh: str, settings: Settings, elsewhere: Writer) -> None:
    """With Min-Revision: two instances on one database, and neither answers with what was before."""
    async with trusted(settings, fresh) as (one, _), trusted(settings, fresh) as (other, _):
        for n in range(25):
            async with elsewhere.revision(by="test") as revision:
                await revision.put(organisations, "a-name", organisation(f"Nr. {n}"))
            seen = {"Min-Revision": str(revision.id)}
            assert [await named(client, **seen) for client in (one, other, one)] == [f"Nr. {n}"] * 3
        answer = await other.get("/v1/organisations/a-name", headers=seen)
        assert answer.headers["Broen-Revision"] == seen["Min-Revision"]


async def test_a_revision_that_is_not_there_is_not_waited_for_without_end(own_client: AsyncClient) -> None:
    """503 with Retry-After; what is no revision is a 400; either can be read by a page from elsewhere."""
    await own_client.get("/v1/regions")
    late, wrong = [await own_client.get("/v1/regions", headers={"Min-Revision": value}) for value in ("99", "newest")]
    assert (late.status_code, int(late.headers["Retry-After"]) > 0) == (503, True)
    assert "Revision 99" in late.json()["detail"]
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (400, "Min-Revision")
    assert late.headers["Access-Control-Allow-Origin"] == "*"
    assert late.json()["request_id"] == late.headers["X-Request-ID"]


async def never_older_than_promised(
    client: AsyncClient, store: Store, writer: Writer, break_it: Callable[[], Awaitable[None]]
) -> None:
    """That what was before a write is served for no longer than two seconds after it, and answers are kept again."""
    await put(writer, (organisations, "a-name", organisation("Før")))
    await until(lambda: store.seen == 2)
    await named(client)
    assert len(store) == 1
    await break_it()
    await put(writer, (organisations, "a-name", organisation("Efter")))
    written, last = time.monotonic(), 0.0
    while time.monotonic() < written + STALE + 0.5:
        if await named(client) == "Før":
            last = time.monotonic()
        await asyncio.sleep(0.01)
    assert last < written + STALE
    await until(lambda: store.trusted and store.seen == 3)
    await named(client)
    await put(writer, (organisations, "a-name", organisation("Til sidst")))
    await until(lambda: store.seen == 4)
    assert await named(client) == "Til sidst"


async def test_a_lost_listener_is_noticed(fresh: str, settings: Settings, elsewhere: Writer) -> None:
    """Whatever was written while nobody listened."""

    async def cut() -> None:
        await execute(fresh, f"select pg_terminate_backend(pid) from pg_stat_activity where {LISTENERS}")

    async with trusted(settings, fresh) as (client, store):
        await never_older_than_promised(client, store, elsewhere, cut)


class Line:
    """Lines to the database, of which those that listen can be made to carry nothing any more."""

    def __init__(self, folder: Path, behind: str) -> None:
        self.folder, self.dead = folder, False
        self._behind = f"{behind}/.s.PGSQL.5432"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways, until one side hangs up."""
        there, to = await asyncio.open_unix_connection(self._behind)
        begun = await reader.read(4096)
        silent = b"broen listens" in begun and not self.dead
        to.write(begun)
        await asyncio.gather(self._carry(reader, to, silent=silent), self._carry(there, writer, silent=silent))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silent: bool) -> None:
        while data := await reader.read(65536):
            if not (silent and self.dead):
                writer.write(data)
        writer.close()


async def test_a_listener_that_hears_nothing_is_noticed(
    fresh: str, settings: Settings, elsewhere: Writer, tmp_path: Path
) -> None:
    """The line is half open: neither side is told that the other one is out of reach."""
    folder = (await value(fresh, "show unix_socket_directories")).split(",")[0]
    line = Line(tmp_path, folder)
    carrying = await asyncio.start_unix_server(line, tmp_path / ".s.PGSQL.5432")

    async def die() -> None:
        line.dead = True

    async with carrying, trusted(settings, fresh.replace(folder.replace("/", "%2F"), str(tmp_path))) as (client, store):
        await never_older_than_promised(client, store, elsewhere, die)


async def test_where_writes_are_not_told_of_nothing_is_kept(fresh: str, settings: Settings, elsewhere: Writer) -> None:
    """As behind a pooler that passes no notifications on: it is noticed at the first write."""
    await execute(fresh, "alter table change disable trigger tell_revision")
    async with trusted(settings, fresh) as (client, store):
        await put(elsewhere, (organisations, "a-name", organisation("Før")))
        await named(client)
        await put(elsewhere, (organisations, "a-name", organisation("Efter")))
        await asyncio.sleep(STALE)
        assert await named(client) == "Efter"
        assert store.weight == 0 or store.seen == 3


async def test_all_tables_that_an_answer_reads_are_known(settings: Settings, register: str) -> None:
    """Held against the plans that the database makes, with whatever can be asked at once."""
    async with counting(settings) as (client, statements), connected(register) as connection:
        await connection.execute("set plan_cache_mode = force_generic_plan")
        for path, operation in OPERATIONS.items():
            if not path.startswith("/v1") or path in WITHOUT_DATABASE:
                continue
            names = {p["name"] for p in operation["parameters"]}
            asked = required(path) | {k: v for k, v in {"count": "true", "q": "aftale"}.items() if k in names}
            target = filled(path)
            if "{id}" in path:
                some = (await client.get(path.split("/{id}", maxsplit=1)[0])).json()["items"]
                target = path.replace("{id}", some[0]["id"])
            statements.clear()
            (await client.get(target, params=asked)).raise_for_status()
            (statement,) = statements
            name = operation["operationId"]
            await connection.execute(f"prepare {name} as {statement}")
            nulls = ["null"] * max(map(int, re.findall(r"\$(\d+)", statement)), default=0)
            values = f"({', '.join(nulls)})" if nulls else ""
            plan = json.loads(await connection.fetchval(f"explain (format json) execute {name}{values}"))
            read = {
                table for table, alias in relations(plan) if not (alias.startswith("own_") or table.startswith("pg_"))
            }
            assert read - {"revision"} <= tables_in(statement), path


def relations(plan: Any) -> set[tuple[str, str]]:
    """The tables in a plan, each with what it is called in the statement."""
    if isinstance(plan, list):
        return set().union(*map(relations, plan))
    if not isinstance(plan, dict):
        return set()
    found = {(plan["Relation Name"], plan["Alias"])} if "Relation Name" in plan else set()
    return found.union(*map(relations, plan.values()))


async def test_beyond_what_may_wait_is_refused_at_once(settings: Settings, fresh: str) -> None:
    """503 with Retry-After, while those who wait are answered; nobody queues without end."""
    few = settings.model_copy(update={"database_url": fresh, "pool_size": 1, "queue_size": 2})
    async with serving(few) as client, connected(fresh) as connection:
        async with connection.transaction():
            await connection.execute("lock table region in access exclusive mode")
            asked = [asyncio.create_task(client.get(f"/v1/regions?limit={n}")) for n in range(1, 9)]
            done, waiting = await asyncio.wait(asked, timeout=1)
            refused = [task.result() for task in done]
            assert {(answer.status_code, answer.json()["title"]) for answer in refused} == {
                (503, "Service unavailable")
            }
            assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
            assert len(waiting) == 3
        assert {(await task).status_code for task in waiting} == {200}


def test_the_benchmark_finds_what_it_measures() -> None:
    """Its paths are as many and as varied as it says, a figure is held against what is promised of it."""
    assert len(set(urls.single(400, 1000))) == len(set(urls.pages("/v1/initiatives", 400))) == 400
    found = [urls.Filter("kind", "project", 0.4), urls.Filter("status", "ended", 0.55), urls.Filter("kind", "none", 0)]
    assert urls.nearest(found, 0.6).value == "ended"
    assert [Gate("", 0.79, least=0.8).kept, Gate("", 100, most=100).kept, Gate("", 101, most=100).kept] == [
        False,
        True,
        False,
    ]
