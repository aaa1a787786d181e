"""A resource: a table, what is read of it and what is written, and the questions that can be asked.

Its SQL is derived from its shapes, compiled once for each shape of question, and produces the finished JSON.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain, product
from typing import Any, NamedTuple

from fastapi import Response
from sqlalchemy import ColumnElement, Select, null, select

from app.auth import Caller
from app.rest import editing
from app.rest.export.answer import Listing
from app.rest.export.columns import chosen
from app.rest.export.formats import GEOJSON, JSON, TABLES, VARY, XLSX, Format, choose
from app.rest.export.geometry import feature
from app.rest.facets import counted, facets
from app.rest.gaps import gaps, may_lack, without
from app.rest.history import History, HistoryQuery, history
from app.rest.importing.template import offer_template
from app.rest.intent import Intent
from app.rest.kind import D, Kind, P
from app.rest.links import Candidates, Condition, Matching
from app.rest.missing import absences, missing, refuse_absent, refuse_unknown
from app.rest.one_of import offer
from app.rest.paging import Cursor, all_of, beyond, first_of, following, page_of, sort_key
from app.rest.query import Filters, ListQuery, Moment, Where, any_of, any_state
from app.rest.reading import Reader, Statement
from app.rest.response import Json
from app.rest.routing import Below
from app.rest.schema import Page
from app.rest.search import found, saying
from app.rest.sent import Body
from app.rest.sources import supported_by
from app.rest.view import json_object


@dataclass(eq=False, kw_only=True)
class Resource(Kind[P, D]):
    """A kind of record with the questions that can be asked of it, and what can be done to one.

    `about` is what the OpenAPI says of it, `example` the id that it shows; `query` is what a list can be asked, and
    `listed` what it shows unless ids are asked for, or what a document is a source of; what is `on_the_map` has a
    `geometry`, the SQL of its place as GeoJSON. Its routes hang on `router`, that of its template too.
    """

    about: str
    example: str
    query: type[ListQuery]
    listed: Condition | None = None
    on_the_map: bool = False
    geometry: ColumnElement[Any] | None = None
    tag: str = field(init=False)
    router: Below = field(init=False)
    _filters: dict[type[Filters], dict[str, Where]] = field(init=False, default_factory=dict)
    listing: Listing = field(init=False)
    """Its list, as it is given whole."""
    facets: Mapping[str, Where] = field(init=False)
    """The filters by whose values records can be counted."""
    unknown: Sequence[str] = field(init=False)
    """What of a record may be unknown: a field, or the value of a facet."""

    def __post_init__(self) -> None:
        """Derive what needs no other resource."""
        super().__post_init__()
        self.tag = re.sub("[-/]", " ", self.name)
        self.router = Below(prefix=self.path, tags=[self.tag])
        offer_template(self.router, self)  # before the path of a record, which would take it for one
        self.listing = Listing(self.name, self.public, formats=(*TABLES, GEOJSON) if self.on_the_map else TABLES)
        self.facets = {name: where for name, where in self.query.filters().items() if where.links}
        self.unknown = list(dict.fromkeys([*may_lack(self.public), *self.facets]))
        formats = [format.name for format in self.listing.formats]
        offer(self.query, format=formats, unknown=self.unknown, facet=list(self.facets))

    def filters(self, query_type: type[Filters]) -> dict[str, Where]:
        """The filters that a list of these records offers, made once."""
        if query_type not in self._filters:
            self._filters[query_type] = self._made(query_type)
        return self._filters[query_type]

    def _made(self, query_type: type[Filters]) -> dict[str, Where]:
        valueless = {name: without(where.links, self.table.c.id) for name, where in self.facets.items()}
        lacking = {**valueless, **gaps(self.name, self.public, self.row, self.parts, self.computed)}
        own = {
            "id": any_of(self.row.id),
            "document": supported_by(self.name, self.row.id),
            "q": saying(self.name, self.row.id),
            "unknown": any_state(lacking),
        }
        return {**own, **query_type.filters()}

    async def page(self, read: Reader, query: ListQuery) -> Json[Page[P]]:
        """A page of the records that the query asks for, or all of them in another format."""
        format = choose(query, self.listing.formats, self.listing.columns)
        if format is not JSON:
            return await self._whole(read, query, format)
        kind = sort_key(type(query), query.sort).type.python_type
        cursor, present = Cursor.read(query.cursor, query, kind), query.present()
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
        await refuse_unknown(read, self.filters(type(query)), row)
        token, link = following(f"{read.root}{self.path}", query, as_of, row["more"])
        total = "null" if row["total"] is None else row["total"]
        counts = row["facets"] or "null"
        body = f'{{"items":[{row["items"]}],"next":{token},"total":{total},"as_of":"{as_of}","facets":{counts}}}'
        return Json(body.encode(), headers={"Broen-As-Of": str(as_of), **VARY, **link})

    async def _whole(self, read: Reader, query: ListQuery, format: Format) -> Json[Page[P]]:
        """All records that the query asks for, in the order of the list."""
        present, as_of = query.present(), query.as_of or read.today()
        shape = Shape(
            type(query), frozenset(present), query.sort, counted=format is XLSX, after=False, facets=frozenset()
        )
        await refuse_absent(read, _present(self, shape), present)
        needed = {"id", *(column.path[0] for column in chosen(self.listing.columns, query.columns))}
        statement = _all(self, shape, tuple(name for name in self.fields if name in needed), located=format is GEOJSON)
        return self.listing.whole(read, query, format, as_of, statement, present | {"as_of": as_of})

    async def one(self, read: Reader, id: str, query: Moment) -> Json[P]:
        """One record, whatever its period; Gone when it was deleted, NotFound when there never was one."""
        as_of = query.as_of or read.today()
        row = await read.row(self.by_id, {"id": id, "as_of": as_of})
        if row is None:
            raise await missing(read, self, id)
        return Json(row["item"].encode(), version=row["version"], headers={"Broen-As-Of": str(as_of)})

    async def create(self, intent: Intent, body: Body[D]) -> Json[P]:
        """A new record; Conflict when its id is taken."""
        return await editing.create(self, intent, body)

    async def replace(self, intent: Intent, id: str, body: Body[D]) -> Json[P]:
        """A record that is from now on what the body says; Stale when it is not the version that the caller knows."""
        return await editing.replace(self, intent, id, body)

    async def patch(self, intent: Intent, id: str, body: Body[D]) -> Json[P]:
        """A record of which something changes; Stale as in `replace`."""
        return await editing.patch(self, intent, id, body)

    async def delete(self, intent: Intent, id: str) -> Response:
        """Delete a record; Conflict when others refer to it, Stale as in `replace`."""
        return await editing.delete(self, intent, id)

    async def restore(self, intent: Intent, id: str) -> Json[P]:
        """A deleted record as it last was; Conflict when it is not deleted."""
        return await editing.restore(self, intent, id)

    async def history(self, read: Reader, id: str, query: HistoryQuery, caller: Caller | None) -> Json[History]:
        """Who wrote a record when and why, and what became different."""
        return await history(read, self, id, query, caller)


class Sought:
    """What of some filters is looked for in several ways: a value by links, of one filter that has them; and words."""

    def __init__(self, resource: Resource[Any, Any], filters: Mapping[str, Where]) -> None:
        linked = {name: Candidates(w.linked, w.value(name)) for name, w in filters.items() if w.linked}
        name = next(iter(linked), "")
        self.candidates = linked.get(name)
        self.found = found(resource.name, resource.table.c.id) if "q" in filters else None
        self._ways = {name: self.candidates, "q": self.found}

    @property
    def names(self) -> list[str]:
        """The filters."""
        return [name for name, sought in self._ways.items() if sought]

    def ways(self, but: str | None = None) -> list[Sequence[Condition]]:
        """The ways of finding what they all ask for, or would without one of them: no record is found by two."""
        ways = [sought.ways for name, sought in self._ways.items() if sought and name != but]
        return [tuple(chain(*way)) for way in product(*ways)]


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
    last_first, filters = shape.sort.startswith("-"), _present(resource, shape)
    first = partial(first_of, id=id, key=key, last_first=last_first)
    sought = Sought(resource, filters)

    def matching(but: str | None = None) -> Matching:
        records = _records(resource, shape, but, *sought.names)
        return Matching(*(records.where(*way) for way in sought.ways(but)))

    rest = _records(resource, shape, *sought.names)
    if shape.after:
        rest = rest.where(beyond(id, key, last_first=last_first))
    if sought.found:
        arms = sought.candidates.soon(rest) if sought.candidates else [rest]
        rest = sought.found.page(arms, key, last_first=last_first)
    elif sought.candidates:
        rest = sought.candidates.page(rest, id, first)
    page = page_of(rest, resource.item, id, key, last_first=last_first)
    total = matching().count() if shape.counted else null()
    every = shape.query.filters()
    counts = facets({name: counted(every[name], matching(name), id) for name in sorted(shape.facets)})
    beside = (total.label("total"), counts.label("facets"), *absences(filters))
    return Statement(page.add_columns(*beside), planned_once=not shape.present and not shape.facets)


@lru_cache(maxsize=1000)
def _all(resource: Resource[Any, Any], shape: Shape, fields: Sequence[str], *, located: bool) -> Statement:
    """All records, one a row, with these fields; `total` is how many, but counts no further than an XLSX can hold."""
    id = resource.table.c.id
    item = json_object({name: resource.fields[name] for name in fields})
    if located:
        assert resource.geometry is not None, "only what has a place is offered on the map"
        item = feature(id, resource.geometry, item)
    key, last_first = sort_key(shape.query, shape.sort), shape.sort.startswith("-")
    return Statement(all_of(_records(resource, shape), item, id, key, last_first=last_first, counted=shape.counted))


def _present(resource: Resource[Any, Any], shape: Shape) -> dict[str, Where]:
    """The filters that are set."""
    return {name: where for name, where in resource.filters(shape.query).items() if name in shape.present}


def _records(resource: Resource[Any, Any], shape: Shape, *but: str | None) -> Select[Any]:
    """The records that a question is about, or would be without some of its filters."""
    conditions = [where.sql(name) for name, where in _present(resource, shape).items() if name not in but]
    if resource.listed is not None and shape.present.isdisjoint(("id", "document")):
        conditions.append(resource.listed)
    return select().select_from(resource.table).where(*conditions)
