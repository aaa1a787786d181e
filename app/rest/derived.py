"""What follows from what is stored, made anew where that was changed in place: in the present and in the past alike.

Nothing is changed in place but to erase a person's details. It takes the role that owns the tables: their triggers,
which keep every version and refuse to change the log, rest meanwhile.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

TOUCHED: Final = "xmin = pg_current_xact_id()::xid"
"""That a row was written by this very transaction."""
GENERATED: Final = """
select format('history.%I', relname) as twin,
    string_agg(format('%I = %s', attname, pg_get_expr(adbin, adrelid)), ', ') as columns
from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum join pg_class on pg_class.oid = adrelid
where attgenerated <> '' and relnamespace = 'public'::regnamespace
    and to_regclass(format('history.%I', relname)) = any($1::text[]::regclass[])
group by relname
"""
"""How the columns are made that a table makes by itself, and its twin does not."""
SAID: Final = f"""
select array_agg(distinct word) from history.search_entry, unnest(tsvector_to_array(words)) as word where {TOUCHED}
"""  # noqa: S608 - put together from constants beside it
FORGET: Final = "delete from search_word where word = any($1)"
LEARN: Final = """
insert into search_word (word, since)
select word, min(recorded_from)
from unnest($1::text[]) as word join history.search_entry on words @@ quote_literal(word)::tsquery
where word collate "C" >= 'a' group by word
"""


@asynccontextmanager
async def unguarded(connection: asyncpg.Connection, tables: Collection[str]) -> AsyncIterator[None]:
    """Tables, by their names with their schemas, whose own triggers rest; their constraints do not."""
    await connection.execute("set constraints all immediate")  # a table of which checks are due cannot be altered
    for table in tables:
        await connection.execute(f"alter table {table} disable trigger user")
    yield
    await connection.execute("set constraints all immediate")
    for table in tables:
        await connection.execute(f"alter table {table} enable trigger user")
    await connection.execute("set constraints all deferred")


async def words_of(connection: asyncpg.Connection, rows: Sequence[str]) -> set[str]:
    """The words of the entries that stand in some rows of `history.search_entry`."""
    query = SAID.replace(TOUCHED, "ctid = any($1::text[]::tid[])")
    return set(await connection.fetchval(query, rows) or ())


async def follow(connection: asyncpg.Connection, twins: Collection[str], before: Collection[str]) -> None:
    """Make anew what follows from the rows of these twins that this transaction has written.

    `before` are the words that entries among them had: those that nobody says any more are forgotten.
    """
    for twin, columns in await connection.fetch(GENERATED, list(twins)):
        await connection.execute(f"update {twin} set {columns} where {TOUCHED}")  # noqa: S608 - the database's own words
    words = {*before, *(await connection.fetchval(SAID) or ())}
    if words:
        async with unguarded(connection, ["public.search_word"]):
            await connection.execute(FORGET, list(words))
            await connection.execute(LEARN, list(words))
