"""What it means that the database refuses a row: which rule is broken, in words, and by which field."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import asyncpg

from app.rest.kind import Kind
from app.rest.rows import cells_of
from app.rest.schema import Schema

KEY: Final = re.compile(r"Key .*?\)=\((.*?)\) (?:is|already|conflicts)")
"""What PostgreSQL says of a row whose key may not be there, is there already, or has to be elsewhere: its values."""
RULE: Final = """
    select obj_description(oid, 'pg_constraint') as reason, (
        select attname from unnest(conkey) with ordinality as of (number, place)
        join pg_attribute on attrelid = conrelid and attnum = number
        where attname not in ('id', 'record_id') order by place desc limit 1
    ) as column
    from pg_constraint where conname = $1
"""
"""The comment that a migration gave a rule, and the last column that the rule names: the others narrow it down."""


class Refused(NamedTuple):
    """Which rule of the database is broken, in words, and by a row of which table, by which column."""

    says: str
    table: str
    column: str | None

    @classmethod
    async def by(cls, connection: asyncpg.Connection, error: Any) -> Self:
        """What a broken constraint means, with the values that broke it."""
        rule = await connection.fetchrow(RULE, error.constraint_name) or {"reason": None, "column": None}
        says = rule["reason"] or f"The rule {error.constraint_name} is broken."
        key = KEY.match(error.detail or "")
        return cls(f"{says.rstrip('.')}: {key[1]}." if key else says, error.table_name, rule["column"])

    def places(self, kind: Kind[Any, Any]) -> Iterator[str]:
        """The places in a record of a kind that such a row may stand for, as JSON pointers."""
        yield from (f"/{name}" for name, part in kind.parts.items() if part.__tablename__ == self.table)
        if kind.table.name == self.table:
            shape: type[Schema] = kind.data
            fields = {cell.column: f"/{cell.field}" for cell in cells_of(shape, kind.table)}
            yield fields.get(self.column or "", "")
