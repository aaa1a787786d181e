"""Search over everything: ranked hits of every resource, and hits to choose from while somebody types."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import text, true

from app.insights.records import NAMES, ResourceName
from app.rest.known import Known
from app.rest.missing import refuse_unknown
from app.rest.paging import Cursor, following
from app.rest.query import Question, Where
from app.rest.reading import NEWEST, Reading, Statement
from app.rest.response import Json
from app.rest.schema import Absent, Id, RecordPath, Schema, Term
from app.rest.search import WORDS_WANTED

MOST: Final = 1000
"""How many hits are ranked and counted. Of words that more have, the database takes the better hits it meets."""
MOST_SUGGESTED: Final = 20

WORDS: Final = {"q": Where(lambda _: true(), meaningless=WORDS_WANTED)}

router: Final = APIRouter(prefix="/v1", tags=["insights"])


Words = Annotated[Term, Field(examples=["sundhedsaftale sjælland"])]


Approximate = Annotated[
    bool,
    Field(
        examples=[False],
        description="Whether a word is said by no record as it is spelt, so that these say what resembles it.",
    ),
]


class Suggestion(Schema):
    """A record that may be what was asked for."""

    resource: ResourceName = Field(examples=["health-agreements"])
    """What kind of record it is."""
    id: Id = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """Its permanent id."""
    path: RecordPath = Field(examples=["health-agreements/sundhedsaftale-sjaelland-2019"])
    """Its path below /v1."""
    title: str = Field(examples=["Sundhedsaftalen 2019-2023, Region Sjælland"])
    """Its title or name, of a health agreement with its region; its id when it has none."""
    marked: str = Field(examples=["<mark>Sundhedsaftalen</mark> 2019-2023, Region <mark>Sjælland</mark>"])
    """The title as HTML, escaped, with `<mark>` around what was found."""


class Hit(Suggestion):
    """A record that has what was asked for."""

    snippet: str | None = Field(examples=["… fælles mål for det nære <mark>sundhedsvæsen</mark> …"])
    """What it says beside its title, as HTML like `marked`, in excerpts; null when it says nothing."""
    rank: float = Field(examples=[0.768125])
    """How well it fits, up to 1: title before text; the very words before inflected ones, and these before parts."""
    active: bool | None = Field(examples=[True])
    """Whether its period holds the day asked about; null when it has none or when that is unknown."""


class HitCount(Schema):
    """How many hits a resource has."""

    resource: ResourceName = Field(examples=["organisations"])
    """The resource."""
    count: int = Field(examples=[4])
    """How many of the hits counted in `total` are its."""


class Hits(Schema):
    """One page of what was found, the best first."""

    items: list[Hit]
    """The hits, the best first."""
    facets: list[HitCount]
    """How many there are of each resource, the most first."""
    total: int = Field(examples=[12])
    """How many hits there are on all pages."""
    bounded: bool = Field(examples=[False])
    """Whether as many were found as are ranked, 1000, so that there may be more: ask more closely."""
    approximate: Approximate
    next: str | None = Field(
        examples=["WyJmMDU2YjZkNzI0MDVmMmY3YWYiLCIyMDI2LTA2LTAxIiwiMC43IiwicmVnaW9ucy9kay0xMDg1Il0"]
    )
    """What to give as `cursor` for the next page; null on the last. The header `Link` has the whole path."""
    as_of: date = Field(examples=["2026-11-22"])
    """The day for which `active` holds."""


class Suggestions(Schema):
    """What somebody who types this may mean."""

    items: list[Suggestion]
    """The hits, the best first; 20 at the most."""
    approximate: Approximate


class SearchQuery(Question):
    """What can be asked of everything."""

    q: Words
    """What to look for: records that say all of these words, inflected or as parts of others too; "as quoted"; -without
    this one. It is the same whether spelt with å or aa, æ or ae, ø or oe; misspelt words find what resembles them."""
    resource: list[ResourceName] | Absent = Field(None, examples=[["health-agreements"]])
    """Only records of these resources."""
    limit: Annotated[int, Field(ge=1, le=100, examples=[20])] = 20
    """How many hits a page has at the most."""
    cursor: Annotated[str, Field(max_length=2000)] | Absent = None
    """Where the page begins: `next` of the page before. All parameters but `limit` stay the same."""


class TypingQuery(Known):
    """What can be completed."""

    q: Words
    """What has been typed: words, of which the last may be unfinished."""
    resource: list[ResourceName] | Absent = Field(None, examples=[["municipalities", "regions"]])
    """Only records of these resources."""


SUGGESTION: Final = """
    'resource', resource, 'id', record_id, 'path', id, 'title', coalesce(title, record_id),
    'marked', search_marked(coalesce(title, record_id), wide, 'HighlightAll=true')
"""
SEARCH: Final = f"""
with candidate as materialized (
    select id, rank, wide, alike
    from search_found(:q, false, cast(:resources as text[]), :narrowed, cast(:most as integer))
),
page as (
    select *, row_number() over (order by rank desc, id) as n
    from candidate join search_entry using (id)
    where (-rank, id) > (-cast(:after_rank as numeric), :after_id) is not false
    order by rank desc, id limit cast(:limit as integer) + 1
),
item as (
    select n, rank, id, json_build_object({SUGGESTION},
        'snippet', search_marked(
            regexp_replace(text, e'\\n+', ' · ', 'g'), wide, 'MaxFragments=2, MinWords=8, MaxWords=24'),
        'rank', rank, 'active', period @> cast(:as_of as date)) as json
    from page where n <= :limit
),
facet as (select resource, count(*) as count from candidate join search_entry using (id) group by resource)
select json_build_object(
        'items', coalesce((select json_agg(json order by n) from item), '[]'),
        'facets', coalesce((
            select json_agg(json_build_object('resource', resource, 'count', count) order by count desc, resource)
            from facet), '[]'),
        'total', (select count(*) from candidate), 'bounded', (select count(*) = :most from candidate),
        'approximate', (select coalesce(bool_or(alike), false) from candidate))::text as found,
    (select json_build_array(rank, id)::text from item where n = :limit and (select count(*) > :limit from page)
    ) as more,
    (select wide is null from search_query(:q, false, false)) as meaningless_q,
    {NEWEST} as revision_read
"""
AUTOCOMPLETE: Final = f"""
with candidate as (
    select id, rank, wide, alike from search_found(:q, true, cast(:resources as text[]), :narrowed, {MOST_SUGGESTED})
    order by rank desc, id limit {MOST_SUGGESTED}
)
select json_build_object(
        'items', coalesce(json_agg(json_build_object({SUGGESTION}) order by rank desc, id), '[]'),
        'approximate', coalesce(bool_or(alike), false))::text as found,
    (select wide is null from search_query(:q, true, false)) as meaningless_q,
    {NEWEST} as revision_read
from candidate join search_entry using (id)
"""


@router.get("/search")
async def search(query: Annotated[SearchQuery, Query()], read: Reading) -> Json[Hits]:
    """Search everything: ranked hits of every resource, ended ones too, with the words found marked."""
    cursor = Cursor.read(query.cursor, query, Decimal)
    as_of = query.as_of or (cursor.as_of if cursor else read.today())
    asked = {"q": query.q, **_among(query.resource), "most": MOST, "limit": query.limit, "as_of": as_of}
    place = {"after_rank": cursor and cursor.key, "after_id": cursor and cursor.id}
    row = await read.row(_search(), asked | place)
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, WORDS, row)
    token, link = following(f"{read.root}/v1/search", query, as_of, row["more"])
    body = f'{row["found"][:-1]},"next":{token},"as_of":"{as_of}"}}'
    return Json(body.encode(), headers={"Broen-As-Of": str(as_of), **link})


@router.get("/autocomplete")
async def autocomplete(query: Annotated[TypingQuery, Query()], read: Reading) -> Json[Suggestions]:
    """What somebody who types this may mean: titles that begin with it or have words that do.

    Else it is what says these very words in its codes, other names or texts; and else what resembles them.
    """
    row = await read.row(_autocomplete(), {"q": query.q, **_among(query.resource)})
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, WORDS, row)
    return Json(row["found"].encode())


def _among(resources: Sequence[str] | None) -> dict[str, Any]:
    """The resources that are searched; where they are all, the index need not be asked for them."""
    return {"resources": resources or NAMES, "narrowed": bool(resources)}


@cache
def _search() -> Statement:
    return Statement(text(SEARCH))


@cache
def _autocomplete() -> Statement:
    return Statement(text(AUTOCOMPLETE))
