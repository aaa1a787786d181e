"""What is wrong with the rows of files, and what of it is told: the first so many, and how many more."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from jsonpointer import JsonPointerException, resolve_pointer

from app.errors import Fault, ForbiddenRows, InvalidFile, RowFault
from app.rest.checking import MOST_FAULTS
from app.rest.export.columns import compact
from app.rest.importing.files import File

LONGEST: Final = 200
"""How much is shown of a value."""
NOTHING: Final = object()
NUMBER: Final = re.compile(r"/\d+(?=/|$)")
"""The number of a member, in a pointer."""


class Origin(NamedTuple):
    """Where a record comes from: which of the files, which row of it."""

    file: int
    row: int


class Found:
    """The faults of the rows of some files."""

    def __init__(self, files: Iterable[File]) -> None:
        self._names = [file.name for file in files]
        self._faults: list[tuple[Origin, RowFault]] = []
        self._number = 0
        self._rights = True
        self.headings: dict[int, Mapping[str, str]] = {}
        """The headings of each file that is a table, by what they are of."""

    def add(self, origin: Origin, faults: Iterable[Fault], body: Any = None, *, rights: bool = False) -> None:
        """Add faults of a row that has a body."""
        for fault in faults:
            self._number += 1
            self._rights = self._rights and rights
            if len(self._faults) < MOST_FAULTS:
                value = _shown(_at(body, fault.pointer or ""))
                column = self.headings.get(origin.file, {}).get(NUMBER.sub("", fault.pointer or ""))
                place = {"file": self._names[origin.file], "row": origin.row, "column": column, "value": value}
                self._faults.append((origin, RowFault(**fault.model_dump(), **place)))

    def refuse(self) -> None:
        """Raise InvalidFile when there are any, in the order of the rows."""
        if self._number:
            told = [fault for _, fault in sorted(self._faults, key=lambda one: one[0])]
            refused = ForbiddenRows if self._rights else InvalidFile
            raise refused(told, self._number - len(told))


def _at(body: Any, pointer: str) -> Any:
    if not isinstance(body, Mapping) or not pointer:
        return NOTHING
    if pointer in body:  # of cells that cannot be read
        return body[pointer]
    try:
        return resolve_pointer(body, pointer)
    except (JsonPointerException, TypeError):
        return NOTHING


def _shown(value: Any) -> str | None:
    if value is NOTHING or value is None:
        return None
    text = value if isinstance(value, str) else compact(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
