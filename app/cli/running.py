"""What commands have in common: a database, and a person who waits."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from app.embedded import running
from app.settings import Settings


def progress(line: str) -> None:
    """Tell a person what takes a while."""
    typer.echo(line, err=True)


@contextmanager
def database(settings: Settings, preferred: str | None = None) -> Iterator[str]:
    """The address of the database: one that is set, or the embedded server's for as long as it is needed."""
    if url := preferred or settings.database_url:
        yield url
    else:
        with running(settings.data_dir, progress=progress) as url:
            yield url


def shown(what: str, number: int, records: Iterable[Any]) -> Iterable[Any]:
    """Pass records on, with a bar on a terminal that shows how many have been, and else a line for all of them."""
    steps = max(1, number // 200)
    with typer.progressbar(records, number, f"{number} {what}", file=sys.stderr, update_min_steps=steps) as bar:
        yield from bar
