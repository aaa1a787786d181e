"""The packaged data, a file for each subject, and the way it gets into the register.

A file is a JSON object: the name of a resource, and the records of that resource as they would be written over HTTP,
each with its id.
"""

from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from app.errors import InvalidBody
from app.resources import RESOURCES
from app.rest.body import parse_json, validate
from app.rest.resource import Resource
from app.rest.revision import Outcome
from app.rest.schema import RecordData
from app.rest.writing import Writer

LOADER: Final = "broen load"


def packaged() -> Iterator[tuple[Resource[Any, Any], str, RecordData[Any]]]:
    """Every packaged record, in the order of the resources: its resource, its id and what is written."""
    subjects = sorted((file for file in files(__name__).iterdir() if file.name.endswith(".json")), key=lambda f: f.name)
    content = {subject.name: parse_json(subject.read_bytes()) for subject in subjects}
    known = {resource.name for resource in RESOURCES}
    for subject, records in content.items():
        if unknown := set(records) - known:
            raise InvalidBody(f"{subject}: there is no resource called {', '.join(sorted(unknown))}")
    for resource in RESOURCES:
        for subject, records in content.items():
            for number, record in enumerate(records.get(resource.name, [])):
                id = record.pop("id")
                try:
                    yield resource, id, validate(resource.data, record)
                except InvalidBody as error:
                    where = f"{subject}, /{resource.name}/{number} ({id})"
                    raise InvalidBody(f"{where}: {error}", error.faults) from error


async def load(writer: Writer) -> Counter[Outcome | str]:
    """Make the register hold the packaged data, in one revision; tells how many records were created, replaced, kept.

    What somebody else has written or deleted since is theirs, and kept; when nothing differs, there is no revision.
    """
    outcomes: Counter[Outcome | str] = Counter()
    records = list(packaged())
    async with writer.revision(by=LOADER, note="Registrets medfølgende data", patient=True) as revision:
        latest = await revision.latest([(resource.name, id) for resource, id, _ in records])
        for resource, subjects in groupby(records, key=itemgetter(0)):
            differing = []
            for _, id, data in subjects:
                last = latest.get((resource.name, id))
                if last and last.by != LOADER:
                    outcomes["kept"] += 1
                elif last and last.value and _is(last.value, resource, data):
                    outcomes["unchanged"] += 1
                else:
                    differing.append((id, data))
            outcomes.update(await revision.put_all(resource, differing))
    return outcomes


def _is(value: str, resource: Resource[Any, Any], data: RecordData[Any]) -> bool:
    """Whether what is stored is what is packaged; what was stored in an older shape may not even fit."""
    try:
        stored: RecordData[Any] = validate(resource.data, parse_json(value.encode()))
    except InvalidBody:
        return False
    return stored == data
