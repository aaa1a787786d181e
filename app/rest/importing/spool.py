"""Records that wait to be written, on disk: in a file without a name, which is gone when the process is."""

from collections.abc import Container, Iterator
from tempfile import TemporaryFile
from typing import Any, Generic, Self

from app.rest.kind import D, Kind


class Spool(Generic[D]):
    """Records of one kind, already checked, in the order in which they came."""

    def __init__(self, kind: Kind[Any, D]) -> None:
        self.kind, self.number = kind, 0
        self._file = TemporaryFile(prefix="broen-")  # noqa: SIM115 - closed by whoever has it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, id: str, data: D) -> None:
        """Add a record."""
        self._file.write(f"{id}\t{data.model_dump_json()}\n".encode())
        self.number += 1

    def records(self, only: Container[str] | None = None) -> Iterator[tuple[str, D]]:
        """The records, or those of some ids."""
        self._file.seek(0)
        for line in self._file:
            id, _, text = line.decode().partition("\t")
            if only is None or id in only:
                yield id, self.kind.data.model_validate_json(text)
