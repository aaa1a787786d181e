"""Finding records by words: the entry that each record has, and the parameter `q` of every list.

The database does the work, in functions that a migration makes: what a record says becomes the words of its entry
when it is written, and what somebody asks becomes a query over them.
"""

from datetime import date
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Computed,
    Index,
    Select,
    Text,
    any_,
    bindparam,
    exists,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSVECTOR, Range
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from app.db import Base
from app.rest.paging import LIMIT, first_of
from app.rest.query import Where, stored_column

FEW: Final = 2000
"""Up to how many records that are found are looked up by their ids and sorted."""
MET: Final = 2000
"""In how many records, in the order of a list, many that are found are looked for."""


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
    """A word that an entry has or had, for those who misspell it; only ever added to."""

    __tablename__ = "search_word"
    __table_args__ = (
        Index(
            None,
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    """The revision that first said it."""


Q: Final = bindparam("q", type_=Text())
WORDLESS: Final = select(
    func.search_query(Q, False, False).table_valued("exact", "near", "wide", "without").c.wide.is_(None)  # noqa: FBT003
).scalar_subquery()
WORDS_WANTED: Final = (
    WORDLESS,
    "Input should have a word to look for, of letters or digits, beyond words such as »og« and »i«",
)


class Found:
    """The records of a resource that say what the parameter `q` asks for."""

    def __init__(self, resource: str, id: ColumnElement[str]) -> None:
        self._few = select(func.search_listed(Q, resource, FEW + 1).table_valued("record_id", "wide")).cte("few")
        self._id, self._path = id, f"{resource}/"
        entry = aliased(SearchEntryRow)
        self.all = exists().where(entry.resource == resource, entry.record_id == id, self._says(entry))
        """That a record is found."""

    def _says(self, entry: type[SearchEntryRow]) -> ColumnElement[bool]:
        return entry.words.bool_op("@@")(select(self._few.c.wide).limit(1).scalar_subquery())

    def page(self, records: Select[Any], key: ColumnElement[Any], *, last_first: bool) -> Select[Any]:
        """Those of `records` that are found and make the page that begins them, in any order.

        How to look for them is settled while the statement runs, for nobody knows beforehand how common a word is. A
        few are led to by their ids. Of many, a page is soon met in the order of the list, unless that order has to do
        with the word: then, having met too few, all are sorted.
        """
        id, first = self._id, partial(first_of, last_first=last_first)
        are_few = select(func.count()).select_from(self._few).scalar_subquery() <= FEW
        few = any_(func.array(select(self._few.c.record_id).scalar_subquery()))
        led_to = first(records.with_only_columns(id).where(are_few, id == few), id, key)
        begun = first(records.with_only_columns(id, key.label("key")).where(~are_few), id, key, most=MET).subquery()
        entry = aliased(SearchEntryRow)
        says = select(self._says(entry)).where(entry.id == self._path + begun.c.id).scalar_subquery()
        met = first(select(begun.c.id).where(says), begun.c.id, begun.c.key).cte("met")
        is_page = select(func.count()).select_from(met).scalar_subquery() > LIMIT
        sorted_ = first(records.with_only_columns(id).where(~are_few, ~is_page, self.all), id, key)
        ids = union_all(led_to, select(met.c.id).where(is_page), sorted_).scalar_subquery()
        return select().select_from(id.table).where(id == any_(func.array(ids)))


@lru_cache(maxsize=100)
def found(resource: str, id: ColumnElement[str]) -> Found:
    """The records that are found, the same wherever a statement asks."""
    return Found(resource, id)


def saying(resource: str, id: InstrumentedAttribute[str]) -> Where:
    """The filter on records that say what `q` asks for."""
    return Where(lambda _: found(resource, stored_column(id)).all, Text(), meaningless=WORDS_WANTED)
