"""What is asked: lists of paths, made from what the sample holds."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import httpx

VARIED: Final = 400
"""Over how many paths a measurement goes at the least."""
MANY: Final = 4000
"""How many single records are asked for, so that two who ask for the same at once are rare."""
FIRST: Final = date(2026, 1, 1)
FILTERS: Final = ("status", "kind", "municipality")
"""The filters of which a value is looked for that matches as much as is wanted."""


class Path(NamedTuple):
    """A path with its query, and what the client holds of it."""

    target: str
    tag: str = ""


class Filter(NamedTuple):
    """A filter with a value, and the share of the records that it matches."""

    name: str
    value: str
    share: float


def single(number: int, initiatives: int, seed: int = 7) -> list[str]:
    """Initiatives and grants of the sample, each by its id."""
    chosen = random.Random(seed)  # noqa: S311 - the same ones each time
    half = number // 2
    return [f"/v1/initiatives/proeve-indsats-{n:06}" for n in chosen.sample(range(1, initiatives + 1), half)] + [
        f"/v1/funding/grants/proeve-bevilling-{n:06}" for n in chosen.sample(range(1, 3 * initiatives + 1), half)
    ]


def pages(path: str, number: int, asked: str = "") -> list[str]:
    """Pages of 20, each as of another day, so that no two are the same question."""
    days = (FIRST + timedelta(days=n) for n in range(number))
    return [f"{path}?as_of={day}&limit=20{asked}" for day in days]


def nearest(found: Sequence[Filter], share: float) -> Filter:
    """The filter that matches nearest to a share, as a factor."""
    return min((f for f in found if f.share), key=lambda f: max(f.share / share, share / f.share))


def filters(client: httpx.Client) -> list[Filter]:
    """What the initiatives can be filtered by, with the share of them that each value matches."""
    total = client.get("/v1/initiatives", params={"limit": 1, "count": True}).raise_for_status().json()["total"]
    found = []
    for name in FILTERS:
        answer = client.get("/v1/initiatives", params={"limit": 1, "facet": name}, timeout=60)
        if answer.is_success:
            counts: list[dict[str, Any]] = answer.json()["facets"][name]["values"]
            found += [Filter(name, c["value"], c["count"] / total) for c in counts if c["value"]]
    return found
