"""A kind of record: its table, what is read of it and what is written, and the SQL of either."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Table, Text, bindparam, cast, literal_column, select

from app.db import PartRow, RecordRow, table_of
from app.rest.reading import Statement
from app.rest.schema import Id, Record, RecordData, Ref, Source
from app.rest.sources import SourceRow, sources_of
from app.rest.view import Computed, Parts, columns, json_object

P = TypeVar("P", bound=Record)
D = TypeVar("D", bound=RecordData[Any])


@dataclass(eq=False, kw_only=True)
class Kind(Generic[P, D]):
    """One kind of record.

    `name` is its path below /v1; `public` is what is read and `data` what is written; `parts` says which table holds
    which list; `computed` gives the SQL of fields that no column holds.
    """

    every: ClassVar[dict[str, "Kind[Any, Any]"]] = {}
    """All kinds that there are, by the names of their tables."""

    name: str
    public: type[P]
    data: type[D]
    row: type[RecordRow]
    parts: Parts = field(default_factory=dict)
    computed: Computed = field(default_factory=dict)
    path: str = field(init=False)
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        """Derive what needs no other kind."""
        self.path = f"/v1/{self.name}"
        self.table = table_of(self.row)
        self.parts = {"sources": SourceRow, **self.parts}
        self.every[self.table.name] = self

    @cached_property
    def fields(self) -> Computed:
        """Its fields as they are read; a field without a column is an error."""
        sources = sources_of(self.name, self.row.id, Source[Ref])
        return columns(self.public, self.row, self.parts, {"sources": sources, **self.computed})

    @cached_property
    def item(self) -> ColumnElement[Any]:
        """A record as it is read."""
        return json_object(self.fields)

    @cached_property
    def stored(self) -> ColumnElement[Any]:
        """A record as it was written: what the change log keeps."""
        sources = sources_of(self.name, self.row.id, Source[Id])
        return json_object(columns(self.data, self.row, self.parts, {"sources": sources}))

    @cached_property
    def lines(self) -> Statement:
        """All records as they were written, by id, each a line with what it is of: what an import reads back."""
        sources = sources_of(self.name, self.row.id, Source[Id])
        said = columns(self.data, self.row, self.parts, {"sources": sources})
        line = json_object({"resource": literal_column(f"'{self.name}'"), "id": self.table.c.id, **said})
        return Statement(select(cast(line, Text).label("line")).order_by(self.table.c.id), bare=True)

    @cached_property
    def by_id(self) -> Statement:
        """The record of an `id`, as it is read on a day: its `item` and its `version`."""
        item = cast(self.item, Text).label("item")
        this = self.table.c.id == bindparam("id", type_=Text())
        return Statement(select(item, self.table.c.version).where(this), planned_once=True)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that a record is kept in, but those that all kinds share."""
        own = (table_of(part).name for part in self.parts.values() if not self.shares(part))
        return frozenset({self.table.name, *own})

    def shares(self, part: type[PartRow]) -> Mapping[str, Any]:
        """The columns that say of which kind a part is, where all kinds share the table: that of sources."""
        return {"resource": self.name} if part is SourceRow else {}
