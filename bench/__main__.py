"""Run the benchmark: for half an hour, `--quick` for a look, `--growth N` also with up to N initiatives."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path as File
from typing import Final

import psutil

from app.embedded import running
from app.migrating import migrate
from bench import measuring
from bench.growing import grown
from bench.report import Gate, Report
from bench.running import BROEN, service
from bench.urls import MANY, VARIED, Path, filters, nearest, pages, single

FOLDER: Final = File(__file__).parent.parent / ".broen-bench"
FEW: Final = 10_000
INITIATIVES: Final = 100_000
POOL: Final = 10
CONNECTIONS: Final = (1, 32, 3 * POOL)


def database(stack: ExitStack, initiatives: int, report: Report) -> str:
    """A register with the sample, made once and kept."""
    folder = FOLDER / str(initiatives)
    url = stack.enter_context(running(folder, progress=print))
    migrate(url)
    with measuring.connected(url) as (runner, connection):
        there = "select count(*) from initiative where id like 'proeve-%'"
        if runner.run(connection.fetchval(there)) < initiatives:
            begun = time.perf_counter()
            given = os.environ | {"BROEN_DATABASE_URL": url}
            subprocess.run([BROEN, "load", f"--sample={initiatives}"], env=given, check=True)
            seconds = time.perf_counter() - begun
            report.figures[f"import of {initiatives} initiatives and their grants, records/s"] = (
                4 * initiatives / seconds
            )
            runner.run(connection.execute("vacuum analyze", timeout=3600))
        assert runner.run(connection.fetchval(there)) == initiatives
    return url


def paced(report: Report, url: str, quick: bool) -> None:  # noqa: FBT001 - short or long
    """The pace of answers that are kept, of those that are held, and of those that must be made."""
    how = measuring.How(CONNECTIONS, rounds=1 if quick else 3, seconds=1 if quick else 3)
    recorded = FOLDER / "recorded.pickle"
    kept = [*single(VARIED // 2, INITIATIVES), *pages("/v1/initiatives", VARIED // 4)]
    kept += pages("/v1/funding/grants", VARIED // 4, "&sort=-awarded")
    paths = [Path(target) for target in kept]
    with service(url) as server:
        report.figures["cold start, s"] = server.started_in
        report.paces += measuring.pace("kept", server, paths, recorded, how)
        report.paces += measuring.pace("held (304)", server, measuring.tagged(server, paths), recorded, how)
        shown = measuring.freshness(server, 20)
        report.gates.append(Gate("a write of another process shows after, ms", shown, most=100))
        share = measuring.under_writes(server, paths, how.rounds, 5 if quick else 10)
        report.gates.append(Gate("pace while an unrelated write lands each second", share, least=0.7))
    with service(url, cache_bytes=0) as server:
        found = filters(server.client)
        plain = [one for one in found if one.name != "municipality"]  # which is looked up in tables of its own
        common, rare, related = nearest(plain, 0.6), nearest(plain, 0.001), nearest(found, 0.6)
        for what, chosen in (("common", common), ("rare", rare), ("common by relation", related)):
            report.notes.append(f"- {what}: `{chosen.name}={chosen.value}`, which matches {chosen.share:.2%}")
        asked = {
            "by id": single(MANY, INITIATIVES),
            "a page": pages("/v1/initiatives", VARIED),
            "a page of what is common": pages("/v1/initiatives", VARIED, f"&{common.name}={common.value}"),
            "a page of what is rare": pages("/v1/initiatives", VARIED, f"&{rare.name}={rare.value}"),
            "a page of grants": pages("/v1/funding/grants", VARIED),
            "a page of what is common by relation": pages(
                "/v1/initiatives", VARIED, f"&{related.name}={related.value}"
            ),
        }
        for what, targets in asked.items():
            report.paces += measuring.pace(what, server, [Path(target) for target in targets], recorded, how)
        for what in ("by id", "a page"):
            trips = measuring.round_trips(server, [Path(target) for target in asked[what]], 3)
            report.gates.append(Gate(f"statements for an answer, {what}", trips, most=1.05))
        report.figures["resident memory without answers, MB"] = server.resident


def sized(report: Report, url: str, quick: bool) -> None:  # noqa: FBT001 - short or long
    """What exports and a full store take."""
    with service(url) as server:
        report.figures["resident memory at the start, MB"] = server.resident
        whole = measuring.export(server, "ndjson")
        report.figures["export of all grants as NDJSON, records/s"] = whole.records / whole.seconds
        report.figures["export, MB/s"] = whole.megabytes / whole.seconds
        report.figures["resident memory after it, MB"] = whole.resident
    with service(url) as server:
        many = [Path(target) for target in single(40_000, INITIATIVES, seed=8)]
        memory = measuring.full(server, many, 20 if quick else 60)
        report.gates.append(Gate("resident memory of a worker with a full store, MB", memory, most=200))


def growth(report: Report, url: str, most: int) -> None:
    """What a page costs with many times the records."""
    with ExitStack() as stack:
        few = _page(database(stack, FEW, report))
    with grown(url, most // INITIATIVES) as larger:
        many = _page(larger)
    report.figures |= {f"a page of {n} initiatives, ms": ms for n, ms in ((FEW, few), (most, many))}
    report.gates.append(Gate(f"a page's cost from {FEW:,} to {most:,} initiatives", many / few, most=1.5))


def _page(url: str) -> float:
    """What a page of initiatives costs."""
    with service(url, cache_bytes=0) as server:
        return measuring.page_cost(server, [Path(target) for target in pages("/v1/initiatives", VARIED)], 10)


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, and say whether every gate is kept."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--growth", type=int, metavar="N")
    given = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    report = Report(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
    with ExitStack() as stack:
        url = database(stack, INITIATIVES, report)
        paced(report, url, given.quick)
        sized(report, url, given.quick)
        if given.growth:
            growth(report, url, given.growth)
    report.loads.append(psutil.getloadavg()[2])
    (FOLDER / "results.json").write_text(json.dumps(report.plain(), indent=2))
    text = report.markdown()
    (FOLDER / "results.md").write_text(text)
    print(text)  # noqa: T201 - it is what is asked for
    return 0 if all(gate.kept for gate in report.every_gate()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
