"""All records of all kinds, as they were written: NDJSON that can be imported into another register."""

from collections.abc import Callable, Mapping
from typing import Any

from app.rest.holding import View
from app.rest.kind import Kind


async def everything(view: View, kinds: Mapping[str, Kind[Any, Any]], put: Callable[[str], object]) -> int:
    """Put a line for each record, those of lower kinds first; tells how many there are."""
    number = 0
    for kind in kinds.values():
        async for row in view.each(kind.lines):
            put(row["line"].replace("\n", "") + "\n")
            number += 1
    return number
