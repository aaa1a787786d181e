"""The shapes that all resources share, and JSON as it comes in."""

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidBody
from app.resources.initiatives import InitiativeData
from app.rest.body import parse_json, validate
from app.rest.dates import Period, StatedDate
from app.rest.money import Money


@pytest.mark.parametrize(
    ("edtf", "earliest", "latest"),
    [
        ("2014-09-19", "2014-09-19", "2014-09-19"),
        ("2019-12", "2019-12-01", "2019-12-31"),
        ("2012", "2012-01-01", "2012-12-31"),
        ("2013-22", "2013-06-01", "2013-08-31"),
        ("2019/2023", "2019-01-01", "2023-12-31"),
        ("2019-07-01/..", "2019-07-01", None),
        ("2012~", "2012-01-01", "2012-12-31"),
        ("2014-09?", "2014-09-01", "2014-09-30"),
        ("201X", "2010-01-01", "2019-12-31"),
    ],
)
def test_a_stated_date_knows_its_first_and_last_day(edtf: str, earliest: str, latest: str | None) -> None:
    """As precise as it was stated, and never more; about and uncertain do not widen it."""
    stated = StatedDate.model_validate({"edtf": edtf})
    assert stated.edtf == edtf
    assert stated.earliest == date.fromisoformat(earliest)
    assert stated.latest == (latest and date.fromisoformat(latest))
    assert StatedDate.model_validate(stated.model_dump(mode="json")) == stated, "what is read can be written back"


@pytest.mark.parametrize(
    "edtf", ["", "december 2019", "19-12-2019", "2019-13", "2019-02-30", "til sommer", "-0001", "20190101x"]
)
def test_what_is_no_edtf_is_refused(edtf: str) -> None:
    """With an example of what is."""
    with pytest.raises(InvalidBody, match="such as 2019-12"):
        validate(StatedDate, {"edtf": edtf})


def test_bounds_that_do_not_follow_are_refused() -> None:
    """They are computed; a body may repeat them, not change them."""
    with pytest.raises(InvalidBody, match="follows from edtf"):
        validate(StatedDate, {"edtf": "2019-12", "latest": "2019-12-30"})


@pytest.mark.parametrize(("start", "end"), [("2020-01-01", "2020-01-01"), ("2020-01-02", "2020-01-01")])
def test_a_period_ends_after_it_begins(start: str, end: str) -> None:
    """Half open: a period of no days is none."""
    with pytest.raises(InvalidBody, match="must end after it starts"):
        validate(Period, {"start": start, "end": end})


@pytest.mark.parametrize(
    "day", ["9999-12-31", "0001-01-01", "2020-1-1", "20200101", "2020-01-01T00:00:00", 0, 20200101]
)
def test_a_day_is_a_day(day: object) -> None:
    """No instants, no numbers, no infinity by the back door."""
    with pytest.raises(InvalidBody):
        validate(Period, {"start": day, "end": None})


@pytest.mark.parametrize("amount", ["0.1", "199994.00", "9999999999999.99", "-9999999999999.99", "0"])
def test_amounts_stay_exact(amount: str) -> None:
    """From the bytes to Decimal, never through a binary fraction."""
    money = validate(Money, parse_json(f'{{"amount": {amount}, "currency": "DKK"}}'.encode()))
    assert money.amount == Decimal(amount)


@pytest.mark.parametrize(
    "amount", ["1e400", "10000000000000.00", "0.001", "NaN", "-Infinity", '"a"', "null", "1" * 500]
)
def test_amounts_out_of_bounds_are_refused(amount: str) -> None:
    """Whatever the notation."""
    with pytest.raises(InvalidBody):
        validate(Money, parse_json(f'{{"amount": {amount}, "currency": "DKK"}}'.encode()))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b'{"a": 1, "a": 1}', "given twice"),
        (b'{"b": [{"a": 1, "a": 1}]}', "given twice"),
        (b'{"a": NaN}', "not a number"),
        ('{"a": "ø"}'.encode("latin-1"), "UTF-8"),
        ('{"a": "ø"}'.encode("utf-16"), "UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"a": 1}{"b": 2}', "Extra data"),
    ],
)
def test_what_is_no_clean_json_is_refused(body: bytes, says: str) -> None:
    """With the place or the reason."""
    with pytest.raises(InvalidBody, match=says):
        parse_json(body)


@pytest.mark.parametrize("text", ["nul\x00", "\ud800", "", "   ", "a" * 20_001])
def test_texts_that_the_register_cannot_hold_are_refused(text: str) -> None:
    """NUL, a lone surrogate, nothing, too much."""
    with pytest.raises(InvalidBody) as refused:
        validate(InitiativeData, {"kind": "project", "title": text})
    assert refused.value.faults[0].pointer == "/title"


@pytest.mark.parametrize("sign", ["\x1b[31m", "\b", "\x7f", "\x9b", "\u202e", "\u2066"])
@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"title": "A*b"}, "/title"),
        ({"contacts": [{"role": "A", "email": "a*b@example.dk"}]}, "/contacts/0/email"),
        ({"sources": [{"document": "a", "fields": ["/a*b"]}]}, "/sources/0/fields/0"),
        ({"sources": [{"document": "a", "fields": [], "stated": [{"a*b": 1}]}]}, "/sources/0/stated"),
    ],
)
def test_what_a_terminal_obeys_is_no_text(said: dict[str, Any], pointer: str, sign: str) -> None:
    """Nor what turns the direction of writing. What was stored before that was a rule can be read; lines may break."""
    clean, body = (json.loads(json.dumps(said).replace("*", json.dumps(by)[1:-1])) for by in ("\n\t", sign))
    with pytest.raises(InvalidBody) as refused:
        validate(InitiativeData, {"kind": "project", "title": "A", **body}, date(2026, 11, 23))
    (fault,) = (one for one in refused.value.faults if "control characters" in one.detail)
    assert (fault.pointer, f"U+{ord(sign[0]):04X}" in fault.detail) == (pointer, True)
    validate(InitiativeData, {"kind": "project", "title": "A", **body})
    if "email" not in pointer:
        validate(InitiativeData, {"kind": "project", "title": "A", **clean}, date(2026, 11, 23))


def test_what_may_be_null_may_be_left_out_of_a_body() -> None:
    """And so may an empty list; what is required may not."""
    data = validate(InitiativeData, {"kind": "project", "title": "Prøve", "stages": [{"name": "Start"}]})
    assert (data.summary, data.budget, data.partners, data.aims) == (None, None, [], [])
    assert data.stages[0].persons_min is None
    with pytest.raises(InvalidBody, match="Field required"):
        validate(InitiativeData, {"kind": "project"})


def test_a_range_is_a_range() -> None:
    """At least is not above at most."""
    with pytest.raises(InvalidBody, match="must not be above"):
        validate(
            InitiativeData,
            {"kind": "project", "title": "A", "stages": [{"name": "B", "persons_min": 2, "persons_max": 1}]},
        )


WORDS: Final = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | WORDS, lambda value: st.lists(value) | st.dictionaries(WORDS, value)
    )
)
def test_whatever_json_says_is_parsed_or_refused(value: object) -> None:
    """Any JSON value comes back as it was."""
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_parsed_or_refused(body: bytes) -> None:
    """Never anything but a value or an InvalidBody."""
    with suppress(InvalidBody):
        parse_json(body)
