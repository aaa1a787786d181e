"""What breaks rules that only the database knows: found by trying, once an import has been refused for one of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.errors import Fault, bad_value
from app.rest.importing.spool import Spool
from app.rest.kind import D, Kind
from app.rest.refusing import Refused
from app.rest.revision import Revision, batches

MOST_BROKEN: Final = 100
"""How many such rows are told at the most, for each takes some attempts."""


async def broken(revision: Revision, spools: Iterable[Spool[Any]]) -> list[Fault]:
    """A fault for each record that the database refuses whatever the others say; the revision is not to be kept."""
    faults: list[Fault] = []
    for spool in spools:
        for batch in batches(spool.records()):
            faults += await _attempt(revision, spool.kind, batch)
            if len(faults) >= MOST_BROKEN:
                return faults[:MOST_BROKEN]
    return faults


async def _attempt(revision: Revision, kind: Kind[Any, D], records: Mapping[str, D]) -> list[Fault]:
    """Try records together, and where they are refused each half of them."""
    refused = await revision.attempt(kind, records)
    if refused is None:
        return []
    if len(records) == 1:
        return [_fault(kind, next(iter(records)), refused)]
    some, middle = list(records.items()), len(records) // 2
    return [fault for half in (some[:middle], some[middle:]) for fault in await _attempt(revision, kind, dict(half))]


def _fault(kind: Kind[Any, Any], id: str, refused: Refused) -> Fault:
    return bad_value(next(refused.places(kind), ""), refused.says, f"{kind.name}/{id}")
