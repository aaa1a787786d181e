"""Made-up data, for measuring: initiatives and grants in any number, as unevenly spread as real ones.

Record n is the same whatever the number asked for, so that asking for more adds to what there is. All of it names the
document `proevedata` as its source, and none of it is loaded unless it is asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from app.data import packaged
from app.data.sample.bodies import Body, Surroundings, grant, initiative
from app.data.sample.words import FUNDERS, ORGANISATIONS, PROGRAMMES
from app.resources import RESOURCES
from app.rest.body import validate
from app.rest.resource import Resource
from app.rest.revision import Outcome
from app.rest.writing import Writer

SAMPLER: Final = "broen load --sample"
NOTE: Final = "Opdigtede prøvedata til måling"
SOURCE: Final = "proevedata"
GRANTS_EACH: Final = 3
"""How many grants there are to an initiative, on average."""

Records = Iterable[tuple[str, Any]]
Shown = Callable[[str, int, Records], Records]
"""What shows a person how far things are: given what they are, how many and themselves, it passes them on."""


class Sample(NamedTuple):
    """The made-up records of one resource."""

    resource: Resource[Any, Any]
    number: int
    records: Iterator[tuple[str, Any]]


def sample(initiatives: int) -> Iterator[Sample]:
    """So many made-up initiatives, and what belongs to them."""
    around = Surroundings.of(packaged())
    organisations = ORGANISATIONS | FUNDERS
    grants = initiatives * GRANTS_EACH
    bodies: dict[str, tuple[int, Iterable[Body]]] = {
        "documents": (1, [{"id": SOURCE, "kind": "dataset", "title": NOTE, "language": "da"}]),
        "organisations": (
            len(organisations),
            ({"id": id, "kind": kind, "name": name} for id, (kind, name) in organisations.items()),
        ),
        "funding/programmes": (
            len(PROGRAMMES),
            ({"id": id, "kind": "pool", "name": name} for id, name in PROGRAMMES.items()),
        ),
        "initiatives": (initiatives, (initiative(n, around) for n in range(1, initiatives + 1))),
        "funding/grants": (grants, (grant(n, around) for n in range(1, grants + 1))),
    }
    for resource in RESOURCES:
        if resource.name in bodies:
            number, these = bodies[resource.name]
            yield Sample(resource, number, (_record(resource, body) for body in these))


def _record(resource: Resource[Any, Any], body: Body) -> tuple[str, Any]:
    """A record of a body, with the source that all of them have but the source itself."""
    id = body.pop("id")
    sources = [{"document": SOURCE, "fields": [""]}] if id != SOURCE else []
    return id, validate(resource.data, body | {"sources": sources})


async def load_sample(
    writer: Writer, initiatives: int, shown: Shown = lambda _what, _number, records: records
) -> Counter[Outcome]:
    """Make the register hold the made-up data, in one revision; when it does already, there is none."""
    outcomes: Counter[Outcome] = Counter()
    async with writer.revision(by=SAMPLER, note=NOTE, patient=True) as revision:
        for resource, number, records in sample(initiatives):
            outcomes += await revision.put_all(resource, shown(resource.name, number, records))
    return outcomes
