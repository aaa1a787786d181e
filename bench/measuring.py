"""The measurements: each is a few figures of one thing, taken the same way each time."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File
from typing import Final, NamedTuple

import asyncpg

from app.resources.events import EventData, events
from app.resources.initiatives import initiatives
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import load_settings
from bench.running import Server, ask, bare, load, record
from bench.urls import Path

ONE: Final = "proeve-indsats-000001"
"""An initiative of the sample."""
SETTLED: Final = 12
"""Within how many seconds PostgreSQL tells of all that its sessions have done."""
LATE: Final = 5.0
"""How many seconds a write may take to show before it is given up."""


class Pace(NamedTuple):
    """One thing asked of the service and of a bare server in turn, over so many connections."""

    what: str
    connections: int
    rate: float
    """Answers of the service a second: the median of the runs."""
    bare: float
    """Those of the bare server."""
    ratio: float
    """The share of the bare server's: the median of the rounds, whose two halves are minutes apart from the others."""
    p50: float
    p99: float
    cpu: float
    """Milliseconds of CPU of the service for an answer."""
    database: float
    """Those of PostgreSQL."""
    failed: int


class How(NamedTuple):
    """How long a pace is measured."""

    connections: Sequence[int]
    rounds: int
    seconds: float


def pace(what: str, server: Server, paths: Sequence[Path], recorded: File, how: How) -> list[Pace]:
    """Ask the service (A) and a bare server (B) in the order A B B A, round by round."""
    record(server, paths, recorded)
    with bare(recorded) as plain:
        verify(server, plain, paths)
        for each in (server, plain):
            load(each, paths, max(how.connections), how.seconds)
        return [_pace(what, server, plain, paths, how._replace(connections=[number])) for number in how.connections]


def _pace(what: str, server: Server, plain: Server, paths: Sequence[Path], how: How) -> Pace:
    (connections,) = how.connections
    own, others, ratios = [], [], []
    cpu = database = 0.0
    for _ in range(how.rounds):
        runs = []
        for each in (server, plain, plain, server):
            used, used_there = server.cpu, server.database_cpu
            runs.append(load(each, paths, connections, how.seconds))
            if each is server:
                cpu, database = cpu + server.cpu - used, database + server.database_cpu - used_there
        own += [runs[0], runs[3]]
        others += runs[1:3]
        ratios.append((runs[0].rate + runs[3].rate) / (runs[1].rate + runs[2].rate))
    requests = sum(run.requests for run in own)
    return Pace(
        what=what,
        connections=connections,
        rate=statistics.median(run.rate for run in own),
        bare=statistics.median(run.rate for run in others),
        ratio=statistics.median(ratios),
        p50=statistics.median(run.p50 for run in own),
        p99=statistics.median(run.p99 for run in own),
        cpu=1000 * cpu / requests,
        database=1000 * database / requests,
        failed=sum(run.failed for run in own + others),
    )


def verify(server: Server, plain: Server, paths: Sequence[Path]) -> None:
    """See that both send the same bytes, and that whoever holds an answer gets a 304."""
    for path in paths[:: max(1, len(paths) // 20)]:
        ours, theirs = ask(server, path), ask(plain, path)
        assert ours.status_code == theirs.status_code == (304 if path.tag else 200), (path, ours.status_code)
        assert ours.content == theirs.content, path
        told = ({k: v for k, v in a.headers.items() if k not in ("date", "x-request-id")} for a in (ours, theirs))
        assert next(told) == next(told), path


def tagged(server: Server, paths: Sequence[Path]) -> list[Path]:
    """The same paths, asked by somebody who holds the answers."""
    return [Path(path.target, ask(server, path).headers["ETag"]) for path in paths]


@contextmanager
def connected(url: str) -> Iterator[tuple[asyncio.Runner, asyncpg.Connection]]:
    """A connection to the database, and what runs its coroutines."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        try:
            yield runner, connection
        finally:
            runner.run(connection.close())


def round_trips(server: Server, paths: Sequence[Path], seconds: float) -> float:
    """How many statements the database runs for an answer, but for those that prove that writes are heard of."""
    counted = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    with connected(server.url) as (runner, connection):
        time.sleep(SETTLED)
        before, begun = runner.run(connection.fetchval(counted)), time.monotonic()
        asked = load(server, paths, 4, seconds)
        time.sleep(SETTLED)
        after = runner.run(connection.fetchval(counted))
    return float((after - before - 2 * (time.monotonic() - begun)) / asked.requests)


def freshness(server: Server, times: int) -> float:
    """After how many milliseconds a write of another process shows in the ETag: the median."""
    path = Path(f"/v1/initiatives/{ONE}")

    async def write(number: int) -> None:
        async with Writer(server.url, load_settings()) as writer, writer.revision(by="bench") as revision:
            held = (await revision.held(initiatives, [ONE]))[ONE]
            assert held.data is not None, "the sample has it"
            await revision.put(initiatives, ONE, held.data.model_copy(update={"summary": f"Nr. {number}"}))

    late = []
    for number in range(times):
        before = ask(server, path).headers["ETag"]
        asyncio.run(write(time.time_ns() + number))
        written = time.perf_counter()
        while ask(server, path).headers["ETag"] == before:
            assert time.perf_counter() < written + LATE, "a write does not show"
        late.append(1000 * (time.perf_counter() - written))
    return statistics.median(late)


async def _write_each_second(url: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    async with Writer(url, load_settings()) as writer:
        while time.monotonic() < until:
            title = {"kind": "meeting", "title": f"Måling {time.time_ns()}"}
            async with writer.revision(by="bench") as revision:
                await revision.put(events, "maaling", validate(EventData, title))
            await asyncio.sleep(1)


async def _under_writes(server: Server, paths: Sequence[Path], seconds: float) -> float:
    writing = asyncio.create_task(_write_each_second(server.url, seconds))
    loaded = await asyncio.to_thread(load, server, paths, 32, seconds)
    await writing
    return loaded.rate


def under_writes(server: Server, paths: Sequence[Path], rounds: int, seconds: float) -> float:
    """The share of its pace that the service keeps while one unrelated write a second lands."""
    ratios = []
    for _ in range(rounds):
        alone = load(server, paths, 32, seconds).rate
        ratios.append(asyncio.run(_under_writes(server, paths, seconds)) / alone)
    return statistics.median(ratios)


class Whole(NamedTuple):
    """What it takes to give a whole list."""

    records: int
    seconds: float
    megabytes: float
    resident: float
    """Resident memory of the service afterwards, in MB."""


def export(server: Server, format: str) -> Whole:
    """Read all grants."""
    begun, length, lines = time.perf_counter(), 0, 0
    with server.client.stream("GET", f"/v1/funding/grants?format={format}") as answer:
        for piece in answer.iter_raw():
            length, lines = length + len(piece), lines + piece.count(b"\n")
    return Whole(lines, time.perf_counter() - begun, length / 1e6, server.resident)


def page_cost(server: Server, paths: Sequence[Path], seconds: float) -> float:
    """The milliseconds that a page takes over one connection: the median."""
    load(server, paths, 1, 1)
    return load(server, paths, 1, seconds).p50


def full(server: Server, paths: Sequence[Path], seconds: float) -> float:
    """The resident memory of a worker, in MB, once it has been asked for more than it can keep."""
    load(server, paths, 32, seconds)
    return server.resident
