"""Tables: every record goes into one, and comes back out of it as it was."""

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from app.errors import TooLarge
from app.insights import LISTINGS
from app.resources import RESOURCES
from app.rest.export.answer import Listing
from app.rest.export.columns import columns_of, compact
from app.rest.export.headings import DANISH, heading
from app.rest.export.sheet import Book
from app.rest.export.text import Table
from app.rest.schema import Schema
from tests import read_back
from tests.read_back import is_shape, unwrapped

TRAPS: Final = [
    *("", "{}", "'", "'{}", "=1+1", "+45 57 87 57 87", "-5", "@x"),
    *("\t", "\r", "\n", "\\", "\\n", "a\nb", '"', ","),
]
TEXTS: Final = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
AMOUNTS: Final = st.decimals(-(10**13), 10**13, places=2)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | AMOUNTS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
SCALARS: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(),
    float: AMOUNTS,
    Decimal: AMOUNTS,
    date: st.dates().map(str),
    datetime: st.datetimes().map(lambda moment: moment.isoformat() + "+00:00"),
    JsonValue: JSON,
}


def of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, as it stands in an answer."""
    kind, nullable = unwrapped(annotation)
    if nullable:
        return st.none() | of(kind)
    if is_shape(kind):
        return st.fixed_dictionaries({name: of(info.annotation) for name, info in kind.model_fields.items()})
    if get_origin(kind) is list:
        return st.lists(of(get_args(kind)[0]), max_size=3)
    return SCALARS.get(kind, TEXTS)


EVERYTHING: Final = [*(resource.listing for resource in RESOURCES), *LISTINGS]
RECORDS: Final = {listing.name: st.lists(of(listing.public), max_size=3) for listing in EVERYTHING}


def table(shape: type[Schema], records: list[Any]) -> str:
    """A CSV of records."""
    columns = columns_of(shape)
    made = Table(columns, [column.name for column in columns], bom=False)
    return (made.head + made([compact(record) for record in records]) + made.tail).decode()


@pytest.mark.parametrize("listing", EVERYTHING, ids=lambda listing: listing.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_record_can_be_read_back(listing: Listing, data: st.DataObject) -> None:
    """Whatever a shape allows, and more: no value is lost, none is taken for another."""
    records = data.draw(RECORDS[listing.name])
    assert read_back.records(table(listing.public, records), listing.public) == records


class Part(Schema):
    """Something of which nothing needs to be known."""

    note: str | None
    many: list[str]
    since: date | None


class Bare(Schema):
    """The same, without a list."""

    note: str | None
    since: date | None


class Whole(Schema):
    """A record with everything that is hard."""

    code: str | None
    words: list[str]
    parts: list[Part]
    bare: Bare | None
    bares: list[Bare]
    always: Bare
    any: JsonValue


NOTHING: Final = {"note": None, "since": None}


@settings(deadline=None)
@given(st.lists(of(Whole), max_size=3))
def test_any_record_of_the_hardest_shape_can_be_read_back(records: list[Any]) -> None:
    """Also objects of which all is null, in lists and alone."""
    assert read_back.records(table(Whole, records), Whole) == records


def test_a_table_looks_as_it_is_said_to() -> None:
    """The rule of the OpenAPI, cell by cell."""
    record = {
        "code": "=1+1",
        "words": ["Flere raske", "- bedre\nøkonomi", "C:\\"],
        "parts": [{"note": None, "many": ["a"], "since": "2019-12-01"}, {"note": "x", "many": [], "since": None}],
        "bare": NOTHING,
        "bares": [{"note": "y", "since": None}, NOTHING],
        "always": NOTHING,
        "any": {"a": [1.50]},
    }
    text = table(Whole, [json.loads(json.dumps(record), parse_float=Decimal)])
    assert text.splitlines(keepends=True)[0].endswith("\r\n")
    names, cells = csv.reader(io.StringIO(text, newline=""))
    assert dict(zip(names, cells, strict=True)) == {
        "code": "'=1+1",
        "bare_note": "{}",
        "bare_since": "",
        "always_note": "",
        "always_since": "",
        "any": '{"a":[1.5]}',
        "words": "Flere raske\n'- bedre\\nøkonomi\nC:\\\\",
        "parts_note": "\nx",
        "parts_many": '["a"]\n[]',
        "parts_since": "2019-12-01\n",
        "bares_note": "y\n{}",
        "bares_since": "",
    }


def test_two_columns_cannot_have_one_name() -> None:
    """It is an error at import."""

    class Clash(Schema):
        bare: Bare
        bare_note: str

    with pytest.raises(TypeError, match="two columns of one name"):
        columns_of(Clash)


def test_every_field_has_a_danish_heading() -> None:
    """And no heading is left over from a field that is gone."""
    assert {name for listing in EVERYTHING for column in listing.columns for name in column.path} == set(DANISH)


@pytest.mark.parametrize("lang", ["da", "en", None])
def test_no_table_has_two_headings_that_are_the_same(lang: str | None) -> None:
    """In either language, and in none."""
    for listing in EVERYTHING:
        headings = [heading(column, lang) for column in listing.columns]
        assert len(set(headings)) == len(headings), listing.name
        assert all(text == text.strip() and text for text in headings)


class Span(Schema):
    """How many there may be."""

    least: int | None
    most: int | None


class Typed(Schema):
    """A record with every type that a workbook has."""

    id: str
    span: Span | None
    yes: bool
    day: date | None
    at: datetime
    rate: Decimal
    degrees: float


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which workbooks are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def book(*records: dict[str, Any]) -> Iterator[Book]:
    """A workbook of records."""
    made = Book(columns_of(Typed), [column.name for column in columns_of(Typed)])
    try:
        made.add([compact(record) for record in records])
        yield made
    finally:
        made.discard()


PLAIN: Final = {
    "id": "0360",
    "span": {"least": 5, "most": None},
    "yes": True,
    "day": "1900-03-01",
    "at": "2026-11-22T09:30:15.250000+00:00",
    "rate": Decimal("49.9985"),
    "degrees": Decimal("-54.77"),
}


def test_a_workbook_shows_what_it_cannot_count_as_a_text(folder: Path) -> None:
    """Days before Excel's calendar, and objects of which all is null; nothing is left of it when it is discarded."""
    with book(PLAIN, {**PLAIN, "span": {"least": None, "most": None}, "day": "1848-06-05", "yes": False}) as made:
        made.finish()
        whole = b"".join(iter(made.read, b""))
    assert list(folder.iterdir()) == []
    _, *rows = openpyxl.load_workbook(io.BytesIO(whole)).worksheets[0].iter_rows(values_only=True)
    at = datetime(2026, 11, 22, 9, 30, 15)  # noqa: DTZ001 - a workbook knows no zones
    assert rows == [
        ("0360", 5, None, True, datetime(1900, 3, 1), at, 49.9985, -54.77),  # noqa: DTZ001
        ("0360", "{}", None, False, "1848-06-05", at, 49.9985, -54.77),
    ]


def test_a_workbook_that_is_given_up_leaves_nothing(folder: Path) -> None:
    """Neither a file nor an open one."""
    with book(PLAIN):
        assert list(folder.iterdir())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "fits"), [("a" * 32_767, True), ("𝄞" * 16_383, True), ("a" * 32_768, False), ("𝄞" * 16_384, False)]
)
def test_a_text_fits_its_cell_or_is_refused(folder: Path, text: str, *, fits: bool) -> None:
    """Counted as Excel does: a letter beyond the basic plane counts twice."""
    refused = nullcontext() if fits else pytest.raises(TooLarge, match="is longer than the 32767 characters")
    with refused, book({**PLAIN, "id": text}) as made:
        made.finish()
    assert list(folder.iterdir()) == []
