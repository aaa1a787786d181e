"""Whole lists over real sockets: half a list never looks whole, and nothing is left behind, whoever goes away first."""

import asyncio
import csv
import io
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest
from httpx import AsyncClient

from app.settings import Settings
from tests.conftest import Databases, connected, execute, serving, value
from tests.test_service import PATIENCE, Service, free_port, service

MANY: Final = 20_000
EXPORTS: Final = "pg_stat_activity where application_name = 'broen exports' and datname = current_database()"
Complaints = Callable[[], list[dict[str, Any]]]
FILL: Final = (
    "alter table document disable trigger user",
    f"""
    insert into document (id, version, created_at, updated_at, kind, title, publisher)
    select 'd-' || n, 1, now(), now(), 'report', 'Rapport ' || n, repeat('æøå ', 100)
    from generate_series(1, {MANY}) n""",
    "alter table document enable trigger user",
)


@pytest.fixture(scope="module")
def many(databases: Databases) -> Iterator[str]:
    """A register with so many documents that no buffer holds them all."""
    with databases() as url:
        asyncio.run(execute(url, *FILL))
        yield url


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the service writes what it needs for a while."""
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, workshop: Path, many: str) -> Iterator[Service]:
    """A service that gives one whole list at a time."""
    log, limits = tmp_path_factory.mktemp("log") / "log", {"export_pool_size": 1, "statement_seconds": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(workshop))
        with service(log, database_url=many, log_format="json", **limits) as running:
            yield running


@pytest.fixture
def complaints(running: Service) -> Complaints:
    """What the service has complained of since."""
    before = len(running.events())
    return lambda: [event for event in running.events()[before:] if event["level"] in ("warning", "error")]


def ask(running: Service, path: str) -> socket.socket:
    """Ask for a list over a bare socket, whose buffer is small."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    held.settimeout(PATIENCE)
    held.connect(("127.0.0.1", running.port))
    held.sendall(f"GET {path} HTTP/1.1\r\nHost: broen\r\n\r\n".encode())
    return held


def rest(held: socket.socket) -> bytes:
    """All that still comes, until the connection ends."""
    found = bytearray()
    while piece := held.recv(2**16):
        found += piece
    return bytes(found)


async def until(condition: Callable[[], Awaitable[bool]]) -> float:
    """Wait for something to become true, and tell how long it took."""
    begun = time.monotonic()
    while not await condition():
        assert time.monotonic() - begun < PATIENCE
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def no_export(url: str) -> bool:
    """Whether the database knows of no connection that a whole list is read with."""
    return bool(await value(url, f"select count(*) = 0 from {EXPORTS}"))


FORMATS: Final = ("csv", "ndjson", "xlsx")


async def test_a_whole_list_takes_no_memory(running: Service) -> None:
    """However long it is: the service grows by a few megabytes at the most, and ends with all records."""
    process = psutil.Process(running.process.pid)
    for name in FORMATS:
        running.get(f"/v1/regions?format={name}")
    idle = peak = process.memory_info().rss
    for name in FORMATS:
        size = 0
        with httpx.stream(
            "GET", f"http://127.0.0.1:{running.port}/v1/documents?format={name}", timeout=PATIENCE, trust_env=False
        ) as answer:
            for piece in answer.iter_raw():
                size += len(piece)
                peak = max(peak, process.memory_info().rss)
        assert answer.status_code == 200
        assert size > (0.5 if name == "xlsx" else 10) * 2**20
    assert peak - idle < 20 * 2**20, f"{(peak - idle) / 2**20:.0f} MB"


async def test_a_whole_list_is_of_one_moment(running: Service, many: str) -> None:
    """What is written while it is read is not in it."""
    with httpx.stream(
        "GET", f"http://127.0.0.1:{running.port}/v1/documents?format=csv&columns=title&columns=publisher",
        timeout=PATIENCE, trust_env=False,
    ) as answer:  # fmt: skip
        pieces = answer.iter_text()
        text = next(pieces)
        await execute(
            many,
            "alter table document disable trigger user",
            "update document set title = 'Ændret' where kind = 'report' and id > 'd-5'",
        )
        text += "".join(pieces)
    await execute(many, "update document set title = 'Rapport ' || substr(id, 3) where title = 'Ændret'")
    assert "Ændret" not in text
    assert len(list(csv.reader(io.StringIO(text, newline="")))) > MANY


@pytest.mark.parametrize("name", ["csv", "ndjson"])
async def test_half_a_list_never_looks_whole(running: Service, many: str, name: str, complaints: Complaints) -> None:
    """Its connection to the database lost, the answer breaks off without its end, and the log says why."""
    with closing(ask(running, f"/v1/documents?format={name}")) as held:
        begin = held.recv(4096)
        assert begin.startswith(b"HTTP/1.1 200 OK")
        assert b"transfer-encoding: chunked" in begin
        assert await value(many, f"select count(pg_terminate_backend(pid)) from {EXPORTS}") == 1
        assert not (begin + rest(held)).endswith(b"0\r\n\r\n")
    (event,) = [event for event in complaints() if event["event"] == "export cut off"]
    assert "Unavailable" in event["cause"]
    assert event["request_id"]
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        await broken_off(running, many, name)
    assert running.get("/v1/documents?format=ndjson&id=d-1").text.count("\n") == 1, "the next is given as ever"


async def broken_off(running: Service, many: str, name: str) -> None:
    """Read a list with an ordinary client, while its connection to the database is lost."""
    url = f"http://127.0.0.1:{running.port}/v1/documents?format={name}"
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client, client.stream("GET", url) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        await execute(many, f"select pg_terminate_backend(pid) from {EXPORTS}")
        async for _ in pieces:
            pass


async def test_a_client_that_stops_reading_is_cut_off(tmp_path: Path, many: str) -> None:
    """After the time that a step may take; until then others are told to wait."""
    limits = {"export_pool_size": 1, "export_step_seconds": 1, "statement_seconds": 0.2, "log_format": "json"}
    with (
        service(tmp_path / "log", database_url=many, **limits) as running,
        closing(ask(running, "/v1/documents?format=csv")) as held,
    ):
        begin = held.recv(4096)
        busy = running.get("/v1/documents?format=csv")
        assert (busy.status_code, busy.headers["Content-Type"]) == (503, "application/problem+json")
        assert "Too many exports" in busy.json()["detail"]
        assert int(busy.headers["Retry-After"]) > 0
        assert running.get("/v1/documents").status_code == 200, "pages have connections of their own"
        await until(lambda: no_export(many))
        assert not (begin + rest(held)).endswith(b"0\r\n\r\n")
        (event,) = [event for event in running.events() if event["event"] == "export cut off"]
        assert "TimeoutError" in event["cause"]


@pytest.mark.parametrize("name", FORMATS)
async def test_a_client_that_goes_away_frees_the_connection_at_once(
    running: Service, many: str, workshop: Path, name: str, complaints: Complaints
) -> None:
    """Midway, and nothing of what was written for it is left on the disk."""
    held = ask(running, f"/v1/documents?format={name}")
    if name == "xlsx":
        await until(lambda: begun(workshop))
    else:
        held.recv(4096)
    assert not await no_export(many)
    held.close()
    assert await until(lambda: no_export(many)) < 3
    await until(lambda: empty(workshop))
    assert running.get("/v1/documents?format=ndjson&id=d-1").status_code == 200
    assert running.get("/v1/regions?format=xlsx").status_code == 200
    await until(lambda: empty(workshop))
    assert complaints() == []


async def begun(folder: Path) -> bool:
    """Whether there is something in a folder."""
    return not await empty(folder)


async def empty(folder: Path) -> bool:
    """Whether there is nothing in a folder."""
    return not await asyncio.to_thread(os.listdir, folder)


async def test_a_client_that_goes_away_stops_the_database(running: Service, many: str) -> None:
    """Also while the database is still at the first row."""
    async with connected(many) as connection, connection.transaction():
        await connection.execute("lock table document in access exclusive mode")
        with closing(ask(running, "/v1/documents?format=csv")):
            await until(lambda: waiting(many))
        assert await until(lambda: no_export(many)) < 3


async def waiting(url: str) -> bool:
    """Whether the database keeps a whole list waiting."""
    return bool(await value(url, f"select count(*) > 0 from {EXPORTS} and wait_event_type = 'Lock'"))


@asynccontextmanager
async def locked(url: str, settings: Settings, **limits: object) -> AsyncIterator[AsyncClient]:
    """A service with limits of its own, on a database that keeps everybody waiting."""
    own = settings.model_copy(update={"database_url": url, **limits})
    async with serving(own) as client, connected(url) as connection, connection.transaction():
        await connection.execute("lock table region in access exclusive mode")
        yield client


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"export_step_seconds": 0.2}, "took too long over this question"),
        ({"export_seconds": 0.2}, "whole list takes too long"),
    ],
)
async def test_what_fails_before_the_first_byte_is_a_problem(
    fresh: str, settings: Settings, limits: dict[str, float], says: str, name: str
) -> None:
    """503 with Retry-After, where a step takes too long, or the whole."""
    async with locked(fresh, settings, **limits) as client:
        answer = await client.get(f"/v1/regions?format={name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert says in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("name", [*FORMATS, "geojson"])
async def test_head_tells_what_a_get_would_give_and_asks_the_database_nothing(
    client: AsyncClient, settings: Settings, name: str
) -> None:
    """The headers of a GET, without a database; a GET without one is a problem."""
    given = await client.get(f"/v1/regions?format={name}", headers={"X-Request-ID": "a" * 32})
    away = settings.model_copy(update={"database_url": f"postgresql://nobody@127.0.0.1:{free_port()}/none"})
    async with serving(away) as alone:
        head = await alone.head(f"/v1/regions?format={name}", headers={"X-Request-ID": "a" * 32})
        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) == dict(given.headers)
        assert (await alone.head(f"/v1/regions?format={name}&limit=1")).status_code == 400
        answer = await alone.get(f"/v1/regions?format={name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert "cannot be reached" in answer.json()["detail"]
    assert "ETag" not in given.headers


async def test_a_stream_is_not_held_against_what_the_client_has(client: AsyncClient) -> None:
    """It has no tag, and is sent whatever is said to be held."""
    answer = await client.get("/v1/regions?format=ndjson", headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.text.count("\n")) == (
        200,
        len((await client.get("/v1/regions")).json()["items"]),
    )


async def test_what_the_last_byte_is_waited_for_is_whole(running: Service) -> None:
    """A client that reads to the end gets every record once, over a connection that it can use again."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{running.port}", trust_env=False, timeout=PATIENCE
    ) as client:
        for _ in range(2):
            lines = (await client.get("/v1/documents?format=ndjson&kind=report")).text.splitlines()
            ids: set[Any] = {json.loads(line)["id"] for line in lines}
            assert len(lines) == len(ids) >= MANY
