"""A resource: a table, what is read of it and what is written, and the questions that can be asked.

Its SQL is derived from its shapes, compiled once for each shape of question, and produces the finished JSON.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import NoneType
from typing import Any, Final, Generic, NamedTuple, TypeVar, get_args, get_origin

from fastapi import APIRouter
from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import PartRow, RecordRow, table_of
from app.errors import BadParameters
from app.rest.facets import counted, facets
from app.rest.missing import absent, missing, unknown_ids
from app.rest.paging import Cursor, beyond, page_of, question, sort_key
from app.rest.query import Condition, Filters, ListQuery, Moment, Where, any_of, any_state
from app.rest.reading import Reader, Statement
from app.rest.response import Json
from app.rest.schema import Id, Page, Record, RecordData, Ref, Source
from app.rest.sources import SourceRow, sources_of, supported_by
from app.rest.view import Computed, Parts, columns, json_object, kind_of

P = TypeVar("P", bound=Record)
D = TypeVar("D", bound=RecordData[Any])
NOTHING: Final = literal_column("array['', '{}', '[]']", ARRAY(Text))
"""What a field that is unknown looks like as text: null, an empty array, an empty list."""


@dataclass(eq=False)
class Resource(Generic[P, D]):
    """One kind of record.

    `name` is its path below /v1, `about` what the OpenAPI says of it, `example` the id that it shows; `public` is what
    is read and `data` what is written; `query` is what a list can be asked, and `listed` what it shows unless ids are
    asked for; `parts` says which table holds which list; `computed` gives the SQL of fields that no column holds. Its
    routes hang on `router`.
    """

    name: str
    about: str
    example: str
    public: type[P]
    data: type[D]
    row: type[RecordRow]
    query: type[ListQuery]
    parts: Parts = field(default_factory=dict)
    computed: Computed = field(default_factory=dict)
    listed: Condition | None = None
    path: str = field(init=False)
    tag: str = field(init=False)
    router: APIRouter = field(init=False)
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        """Derive what needs no other resource."""
        self.path = f"/v1/{self.name}"
        self.tag = re.sub("[-/]", " ", self.name)
        self.router = APIRouter(prefix=self.path, tags=[self.tag])
        self.table = table_of(self.row)
        self.parts = {"sources": SourceRow, **self.parts}
        self.query.offer("unknown", [name for name in self.public.model_fields if self._may_lack(name)])
        self.query.offer("facet", [name for name, where in self.query.filters().items() if where.links])

    @cached_property
    def item(self) -> ColumnElement[Any]:
        """A record as it is read; a field without a column is an error."""
        sources = sources_of(self.name, self.row.id, Source[Ref])
        return json_object(columns(self.public, self.row, self.parts, {"sources": sources, **self.computed}))

    @cached_property
    def stored(self) -> ColumnElement[Any]:
        """A record as it was written: what the change log keeps."""
        sources = sources_of(self.name, self.row.id, Source[Id])
        return json_object(columns(self.data, self.row, self.parts, {"sources": sources}))

    def filters(self, query_type: type[Filters]) -> dict[str, Where]:
        """The filters that a list of these records offers."""
        own = {
            "id": any_of(self.row.id),
            "document": supported_by(self.name, self.row.id),
            "unknown": any_state(self.gaps),
        }
        return {**own, **query_type.filters()}

    def _may_lack(self, name: str) -> bool:
        annotation = self.public.model_fields[name].annotation
        return NoneType in get_args(annotation) or get_origin(annotation) is list

    @cached_property
    def gaps(self) -> dict[str, Condition]:
        """What it is for each field that may be unknown to be so."""
        return {name: self._lacks(name) for name in self.public.model_fields if self._may_lack(name)}

    def _lacks(self, name: str) -> Condition:
        if name == "sources":
            return ~exists().where(SourceRow.resource == self.name, SourceRow.record_id == self.row.id)
        if name in self.parts:
            return ~exists().where(self.parts[name].record_id == self.row.id)
        value = self.computed.get(name)
        if value is None:
            kind = kind_of(self.public.model_fields[name].annotation)
            spread = [f"{name}_{inner}" for inner in getattr(kind, "model_fields", ())]
            value = next(self.table.c[column] for column in (name, f"{name}_id", *spread) if column in self.table.c)
        return func.coalesce(cast(value, Text), "") == any_(NOTHING)

    def shares(self, part: type[PartRow]) -> dict[str, Any]:
        """The columns that say of which resource a part is, where all resources share the table: that of sources."""
        return {"resource": self.name} if part is SourceRow else {}

    async def page(self, read: Reader, query: ListQuery) -> Json[Page[P]]:
        """A page of the records that the query asks for."""
        cursor, present = Cursor.read(query), query.present()
        as_of = query.as_of or (cursor.as_of if cursor else read.today())
        shape = Shape(
            type(query),
            frozenset(present),
            query.sort,
            counted=query.count,
            after=cursor is not None,
            facets=frozenset(query.facet or ()),
        )
        values = present | {"as_of": as_of, "limit": query.limit}
        if cursor:
            values |= {"after_key": cursor.key, "after_id": cursor.id}
        row = await read.row(_page(self, shape), values)
        assert row is not None, "an aggregate gives a row"
        if unknown := {name: row[f"unknown_{name}"] for name in present if row.get(f"unknown_{name}")}:
            targets = {name: where.targets for name, where in self.filters(type(query)).items()}
            raise BadParameters(faults=await unknown_ids(read, targets, unknown))
        headers = {"Broen-As-Of": str(as_of)}
        following = "null"
        if row["more"]:
            token = str(Cursor(question(query), as_of, *json.loads(row["more"], parse_float=str)))
            following = f'"{token}"'
            headers["Link"] = f'<{read.root}{self.path}?{query.url(cursor=token)}>; rel="next"'
        total = "null" if row["total"] is None else row["total"]
        counts = row["facets"] or "null"
        body = f'{{"items":[{row["items"]}],"next":{following},"total":{total},"as_of":"{as_of}","facets":{counts}}}'
        return Json(body.encode(), headers=headers)

    async def one(self, read: Reader, id: str, query: Moment) -> Json[P]:
        """One record, whatever its period; Gone when it was deleted, NotFound when there never was one."""
        as_of = query.as_of or read.today()
        row = await read.row(_one(self), {"id": id, "as_of": as_of})
        if row is None:
            raise await missing(read, self.name, self.table, id)
        return Json(row["item"].encode(), version=row["version"], headers={"Broen-As-Of": str(as_of)})


class Shape(NamedTuple):
    """All that the text of a page's statement depends on."""

    query: type[ListQuery]
    present: frozenset[str]
    sort: str
    counted: bool
    after: bool
    facets: frozenset[str]


@lru_cache(maxsize=1000)
def _page(resource: Resource[Any, Any], shape: Shape) -> Statement:
    id, key = resource.table.c.id, sort_key(shape.query, shape.sort)
    filters = {name: where for name, where in resource.filters(shape.query).items() if name in shape.present}

    def but(left_out: str | None) -> Select[Any]:
        """The records that match all filters, or all but one."""
        conditions = [where.sql(name) for name, where in filters.items() if name != left_out]
        if resource.listed is not None and "id" not in shape.present:
            conditions.append(resource.listed)
        return select().select_from(resource.table).where(*conditions)

    matching = but(None)
    last_first = shape.sort.startswith("-")
    rest = matching.where(beyond(id, key, last_first=last_first)) if shape.after else matching
    total = matching.with_only_columns(func.count()).scalar_subquery() if shape.counted else null()
    unknown = [absent(w.targets, name).label(f"unknown_{name}") for name, w in filters.items() if w.targets]
    page = page_of(rest, resource.item, id, key, last_first=last_first)
    every = shape.query.filters()
    counts = facets({name: counted(every[name], but(name), id) for name in sorted(shape.facets)})
    return Statement(page.add_columns(total.label("total"), counts.label("facets"), *unknown))


@lru_cache(maxsize=200)
def _one(resource: Resource[Any, Any]) -> Statement:
    item = cast(resource.item, Text).label("item")
    return Statement(select(item, resource.table.c.version).where(resource.table.c.id == bindparam("id", type_=Text())))
