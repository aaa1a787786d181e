"""Finding records by words: the entry that each record has, and the parameter `q` of every list.

The database does the work, in functions that a migration makes: what a record says becomes the words of its entry
when it is written, and what somebody asks becomes a query over them.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Computed,
    FromClause,
    Index,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR, Range
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from app.db import Base
from app.rest.links import Ways
from app.rest.paging import LIMIT, first_of
from app.rest.query import Where, stored_column

MET: Final = 1000
"""In how many records, in the order of a list, those that are found are looked for before anything else."""
FEW: Final = 2000
"""Up to how many records that are found are looked up by their ids and sorted."""
SOME: Final = 20_000
"""Up to how many records that are found are met in the order of a list by their ids."""


class SearchEntryRow(Base):
    """What a record is found by. Its id is the record's path below /v1."""

    __tablename__ = "search_entry"
    __table_args__ = (
        Index(None, "resource", "folded"),
        Index(None, "resource", "title_words", "words", postgresql_using="gin"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str]
    record_id: Mapped[str]
    title: Mapped[str | None]
    text: Mapped[str | None]
    """What it says beside its title, a line for each of its texts."""
    period: Mapped[Range[date] | None]
    folded: Mapped[str | None] = mapped_column(
        Text(collation="C"), Computed('"left"(search_fold(title), 200)', persisted=True)
    )
    title_words: Mapped[Any] = mapped_column(
        TSVECTOR, Computed("search_words(title, record_id, NULL::text)", persisted=True)
    )
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed("search_words(title, record_id, text)", persisted=True))


class SearchWordRow(Base):
    """A word that an entry has or had: by what it is found itself, inflected, as a part or misspelt; only added to."""

    __tablename__ = "search_word"
    __table_args__ = (
        Index(
            None,
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
        Index(None, "stem"),
    )

    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    """The revision that first said it."""
    stem: Mapped[str | None] = mapped_column(Text(collation="C"), Computed("search_stem(word)", persisted=True))


Q: Final = bindparam("q", type_=Text())
ASKED: Final = func.search_query(Q, False, False).table_valued("exact", "near", "wide", "without")  # noqa: FBT003
WORDS_WANTED: Final = (
    select(ASKED.c.wide.is_(None)).scalar_subquery(),
    "Input should have a word to look for, of letters or digits, beyond words such as »og« and »i«",
)


class Found:
    """The records of a resource that say what the parameter `q` asks for.

    How to look for them is settled while a statement runs, for nobody knows beforehand how common a word is.
    """

    def __init__(self, resource: str, id: ColumnElement[str]) -> None:
        some = select(func.search_listed(Q, resource, SOME + 1).table_valued("record_ids", "wide")).cte("some")
        self._some = func.coalesce(select(some.c.record_ids).scalar_subquery(), literal([], ARRAY(Text)))
        self._number, self._id, self._path = func.cardinality(self._some), id, f"{resource}/"
        self._asked = select(func.coalesce(ASKED.c.wide.op("&&")(ASKED.c.without), ASKED.c.wide)).scalar_subquery()
        self._meant = select(some.c.wide).scalar_subquery()  # the same, unless that is misspelt
        entry = aliased(SearchEntryRow)
        says = entry.resource == resource, _says(entry, self._meant)
        self.all = exists().where(entry.record_id == id, *says)
        """That a record is found."""
        self._all = select(entry.record_id).where(*says)

    @property
    def ways(self) -> Ways:
        """The conditions by which a few are found, by which some, and by which many are: two ways find nothing."""
        return (
            (self._number <= FEW, self._id == any_(self._some)),
            (self._number > FEW, self._number <= SOME, _hashed(self._id, select(func.unnest(self._some)))),
            (self._number > SOME, _hashed(self._id, self._all)),
        )

    def page(self, arms: Sequence[Select[Any]], key: ColumnElement[Any], *, last_first: bool) -> Select[Any]:
        """Those of the records of some selects that are found and make the page that begins them, in any order.

        Of a very common word a page is met at once among the first records of the list, which may also be all that
        there are.
        """
        id, first = self._id, partial(first_of, last_first=last_first)

        def met_with(query: ColumnElement[Any]) -> CTE:
            begun = [first(arm.with_only_columns(id, key.label("key")), id, key, most=MET).subquery() for arm in arms]
            met = (first(select(b.c.id).where(self._entry_says(b.c.id, query)), b.c.id, b.c.key) for b in begun)
            return union_all(*met).cte()

        met, met_as_meant = met_with(self._asked), met_with(self._meant)
        is_whole = _count(union_all(*(arm.with_only_columns(id).limit(MET) for arm in arms)).subquery()) < MET
        how = case(
            (or_(_count(met) > LIMIT, and_(is_whole, _count(met) > 0)), "met"),
            (self._number <= SOME, "looked for"),
            (or_(_count(met_as_meant) > LIMIT, is_whole), "met as meant"),
            else_="looked for",
        )
        settled = select(select(how.label("how")).cte("how").c.how).scalar_subquery()
        looked_for = (
            first(arm.with_only_columns(id).where(settled == "looked for", *way), id, key)
            for way in self.ways
            for arm in arms
        )
        ids = union_all(
            select(met.c.id).where(settled == "met"),
            select(met_as_meant.c.id).where(settled == "met as meant"),
            *looked_for,
        ).scalar_subquery()
        return select().select_from(id.table).where(id == any_(func.array(ids)))

    def _entry_says(self, id: ColumnElement[str], query: ColumnElement[Any]) -> ColumnElement[bool]:
        entry = aliased(SearchEntryRow)
        return select(_says(entry, query)).where(entry.id == self._path + id).scalar_subquery()


def _says(entry: type[SearchEntryRow], query: ColumnElement[Any]) -> ColumnElement[bool]:
    return entry.words.bool_op("@@")(query)


def _hashed(id: ColumnElement[str], ids: Select[Any]) -> ColumnElement[bool]:
    return id.in_(ids).is_(true())  # a join would look them up one by one, for it expects few


def _count(found: FromClause) -> ColumnElement[int]:
    return select(func.count()).select_from(found).scalar_subquery()


@lru_cache(maxsize=100)
def found(resource: str, id: ColumnElement[str]) -> Found:
    """The records that are found, the same wherever a statement asks."""
    return Found(resource, id)


def saying(resource: str, id: InstrumentedAttribute[str]) -> Where:
    """The filter on records that say what `q` asks for."""
    return Where(lambda _: found(resource, stored_column(id)).all, Text(), meaningless=WORDS_WANTED)
