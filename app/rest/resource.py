"""A resource: a table, what is read of it and what is written, and the questions that can be asked.

Its SQL is derived from its shapes, compiled once for each shape of question, and produces the finished JSON.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Table, Text, bindparam, cast, func, null, select

from app.db import PartRow, RecordRow, table_of
from app.errors import BadParameters
from app.rest.missing import absent, missing, unknown_ids
from app.rest.paging import Cursor, beyond, page_of, question, sort_key
from app.rest.query import Condition, Filters, ListQuery, Moment, Where, any_of
from app.rest.reading import Reader, Statement
from app.rest.response import Json
from app.rest.schema import Id, Page, Record, RecordData, Ref, Source
from app.rest.sources import SourceRow, sources_of, supported_by
from app.rest.view import Computed, Parts, columns, json_object

P = TypeVar("P", bound=Record)
D = TypeVar("D", bound=RecordData[Any])


@dataclass(eq=False)
class Resource(Generic[P, D]):
    """One kind of record.

    `name` is its path below /v1, `about` what the OpenAPI says of it, `example` the id that it shows; `public` is what
    is read and `data` what is written; `parts` says which table holds which list; `computed` gives the SQL of fields
    that no column holds; `listed` is what a list shows unless ids are asked for. Its routes hang on `router`.
    """

    name: str
    about: str
    example: str
    public: type[P]
    data: type[D]
    row: type[RecordRow]
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
        own = {"id": any_of(self.row.id), "document": supported_by(self.name, self.row.id)}
        return {**own, **query_type.filters()}

    def owner_of_parts(self, part: type[PartRow], id: str) -> dict[str, Any]:
        """The columns that say whose a part is; sources, which all resources share, also say of which resource."""
        return {"record_id": id, "resource": self.name} if part is SourceRow else {"record_id": id}

    async def page(self, read: Reader, query: ListQuery) -> Json[Page[P]]:
        """A page of the records that the query asks for."""
        cursor, present = Cursor.read(query), query.present()
        as_of = query.as_of or (cursor.as_of if cursor else read.today())
        shape = Shape(type(query), frozenset(present), query.sort, counted=query.count, after=cursor is not None)
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
        body = f'{{"items":[{row["items"]}],"next":{following},"total":{total},"as_of":"{as_of}"}}'
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


@lru_cache(maxsize=1000)
def _page(resource: Resource[Any, Any], shape: Shape) -> Statement:
    id, key = resource.table.c.id, sort_key(shape.query, shape.sort)
    filters = {name: where for name, where in resource.filters(shape.query).items() if name in shape.present}
    matching = select().select_from(resource.table).where(*(where.sql(name) for name, where in filters.items()))
    if resource.listed is not None and "id" not in shape.present:
        matching = matching.where(resource.listed)
    last_first = shape.sort.startswith("-")
    rest = matching.where(beyond(id, key, last_first=last_first)) if shape.after else matching
    total = matching.with_only_columns(func.count()).scalar_subquery() if shape.counted else null()
    unknown = [absent(w.targets, name).label(f"unknown_{name}") for name, w in filters.items() if w.targets]
    page = page_of(rest, resource.item, id, key, last_first=last_first)
    return Statement(page.add_columns(total.label("total"), *unknown))


@lru_cache(maxsize=200)
def _one(resource: Resource[Any, Any]) -> Statement:
    item = cast(resource.item, Text).label("item")
    return Statement(select(item, resource.table.c.version).where(resource.table.c.id == bindparam("id", type_=Text())))
