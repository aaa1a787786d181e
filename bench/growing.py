"""A register of many more initiatives: copies of the sample's, made by the database itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Table, make_url

from app.db import table_of
from app.resources.initiatives import initiatives
from bench.measuring import connected

NAME: Final = "grown"
SAMPLE: Final = "proeve-%"
"""The ids of the sample's initiatives."""
COPY: Final = "{} || '-' || number"
"""The id of a copy."""
AN_HOUR: Final = 3600


@contextmanager
def grown(url: str, times: int) -> Iterator[str]:
    """Have another database on the same server for a while, with so many times the initiatives of this one.

    A copy has an id and a title of its own, and all parts of its original. It has no history and no grants, and no
    search finds it: a page of a list reads none of that, and to load as many takes more than an hour, and 50 GB.
    """
    aside, there = (str(make_url(url).set(database=name)) for name in ("postgres", NAME))
    with connected(aside) as (runner, server):
        runner.run(server.execute(f"drop database if exists {NAME}"))
        runner.run(server.execute(f"create database {NAME} template broen strategy file_copy", timeout=AN_HOUR))
        try:
            with connected(there) as (own, register):
                for statement in _copies(times):
                    own.run(register.execute(statement, timeout=AN_HOUR))
            yield there
        finally:
            runner.run(server.execute(f"drop database {NAME} (force)"))


def _copies(times: int) -> Iterator[str]:
    """The statements that copy."""
    yield "set session_replication_role = replica"  # which asks no trigger, and no foreign key
    own = {"id": COPY.format("id"), "title": "number || ' ' || title", "parent_id": COPY.format("parent_id")}
    yield _copy(initiatives.table, own, times, f"id like '{SAMPLE}'")
    for part in initiatives.parts.values():
        of = [f"record_id like '{SAMPLE}'", *(f"{c} = '{v}'" for c, v in initiatives.shares(part).items())]
        yield _copy(table_of(part), {"record_id": COPY.format("record_id")}, times, *of)
    yield "vacuum analyze"


def _copy(table: Table, own: Mapping[str, str], times: int, *of: str) -> str:
    """The statement that copies rows until there are so many times as many; the database numbers those of parts."""
    names = [column.name for column in table.columns if column.computed is None and column.identity is None]
    values = ", ".join(own.get(name, f'"{name}"') for name in names)
    return f"""
        insert into "{table.name}" ({", ".join(f'"{name}"' for name in names)})
        select {values} from "{table.name}", generate_series(2, {times}) as number where {" and ".join(of)}"""
