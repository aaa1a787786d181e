"""What was measured, as a table, and whether it is what was promised."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import psutil

from bench.measuring import Pace

LEAST: Final = {
    "kept": 0.8,
    "held (304)": 0.9,
    "by id": 0.10,
    "a page": 0.07,
    "a page of what is common": 0.05,
    "a page of what is rare": 0.05,
}
"""What share of a bare server's pace is promised, at 32 connections."""
GATED, STRAINED, EVEN = 32, 30, 5


class Gate(NamedTuple):
    """A figure, and what it must be."""

    what: str
    figure: float
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether it is."""
        return (self.least is None or self.figure >= self.least) and (self.most is None or self.figure <= self.most)

    @property
    def promised(self) -> str:
        """What it must be, in words."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


class Report:
    """All figures of a run."""

    def __init__(self, machine: str) -> None:
        self.machine = machine
        self.loads = [psutil.getloadavg()[2]]
        self.paces: list[Pace] = []
        self.gates: list[Gate] = []
        self.figures: dict[str, float] = {}
        self.notes: list[str] = []

    def every_gate(self) -> Iterator[Gate]:
        """The gates, those on the paces first."""
        for pace in self.paces:
            if pace.connections == GATED and pace.what in LEAST:
                yield Gate(f"{pace.what}, share of bare", pace.ratio, least=LEAST[pace.what])
            if pace.connections == STRAINED and pace.what in ("by id", "a page"):
                yield Gate(f"{pace.what}, p99/p50 at three times the pool", pace.p99 / pace.p50, most=EVEN)
        yield Gate("failed requests", sum(pace.failed for pace in self.paces), most=0)
        yield from self.gates

    def plain(self) -> dict[str, Any]:
        """For programs."""
        gates = [gate._asdict() | {"kept": gate.kept} for gate in self.every_gate()]
        return {
            "machine": self.machine,
            "load": self.loads,
            "paces": [pace._asdict() for pace in self.paces],
            "gates": gates,
            "figures": self.figures,
            "notes": self.notes,
        }

    def markdown(self) -> str:
        """For people."""
        lines = [
            f"Measured on {self.machine}; load over 15 minutes {self.loads[0]:.1f} before, {self.loads[-1]:.1f} after.",
            "",
            "| Gate | promised | measured | |",
            "|---|---|---|---|",
            *(
                f"| {gate.what} | {gate.promised} | {gate.figure:.3g} | {'kept' if gate.kept else '**missed**'} |"
                for gate in self.every_gate()
            ),
            "",
            "| Asked | connections | answers/s | bare/s | share | p50 ms | p99 ms | CPU ms | PostgreSQL ms |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {p.what} | {p.connections} | {p.rate:.0f} | {p.bare:.0f} | {p.ratio:.3f} "
                f"| {p.p50:.2f} | {p.p99:.2f} | {p.cpu:.3f} | {p.database:.3f} |"
                for p in self.paces
            ),
            "",
            "| Other figures | |",
            "|---|---|",
            *(f"| {what} | {figure:.4g} |" for what, figure in self.figures.items()),
            "",
            *self.notes,
        ]
        return "\n".join(lines) + "\n"
