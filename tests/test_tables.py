"""Tables: every record goes into one, and comes back out of it as it was."""

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from app.resources import RESOURCES
from app.rest.export.columns import columns_of, compact
from app.rest.export.headings import DANISH, heading
from app.rest.export.text import Table
from app.rest.resource import Resource
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


RECORDS: Final = {resource.name: st.lists(of(resource.public), max_size=3) for resource in RESOURCES}


def table(shape: type[Schema], records: list[Any]) -> str:
    """A CSV of records."""
    columns = columns_of(shape)
    made = Table(columns, [column.name for column in columns], bom=False)
    return (made.head + made([compact(record) for record in records]) + made.tail).decode()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_record_can_be_read_back(resource: Resource[Any, Any], data: st.DataObject) -> None:
    """Whatever a shape allows, and more: no value is lost, none is taken for another."""
    records = data.draw(RECORDS[resource.name])
    assert read_back.records(table(resource.public, records), resource.public) == records


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
    assert {name for resource in RESOURCES for column in resource.columns for name in column.path} == set(DANISH)


@pytest.mark.parametrize("lang", ["da", "en", None])
def test_no_table_has_two_headings_that_are_the_same(lang: str | None) -> None:
    """In either language, and in none."""
    for resource in RESOURCES:
        headings = [heading(column, lang) for column in resource.columns]
        assert len(set(headings)) == len(headings), resource.name
        assert all(text == text.strip() and text for text in headings)
