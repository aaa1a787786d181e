"""Made-up data: the same every time, as uneven as real data, and never loaded unasked."""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import islice
from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.data.sample import SAMPLER, load_sample, sample
from app.rest.writing import Writer
from app.settings import Settings
from tests.conftest import rows, serving, value
from tests.test_service import broen

SMALL: Final = 200
PRINT: Final = f"""
import hashlib
from app.data.sample import sample
text = "".join(id + data.model_dump_json() for made in sample({SMALL}) for id, data in made.records)
print(hashlib.sha256(text.encode()).hexdigest())
"""


def made(number: int) -> dict[str, dict[str, Any]]:
    """The made-up records, by resource and id."""
    return {each.resource.name: dict(each.records) for each in sample(number)}


@pytest.fixture(scope="module")
def small() -> dict[str, dict[str, Any]]:
    """A small sample."""
    return made(SMALL)


def test_the_same_number_gives_the_same_records() -> None:
    """Byte for byte, whatever the process hashes like."""
    env = os.environ | {"PYTHONHASHSEED": "1"}
    other = subprocess.run([sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True)
    records = (id + data.model_dump_json() for each in sample(SMALL) for id, data in each.records)
    assert other.stdout == hashlib.sha256("".join(records).encode()).hexdigest() + "\n"


def test_more_records_are_the_same_and_others(small: dict[str, dict[str, Any]]) -> None:
    """Whoever asks for more keeps what there is."""
    for name, records in made(30).items():
        assert list(islice(small[name].items(), len(records))) == list(records.items())
    assert [len(small[name]) for name in ("initiatives", "funding/grants")] == [SMALL, 3 * SMALL]


def test_all_of_it_says_that_it_is_made_up(small: dict[str, dict[str, Any]]) -> None:
    """By its id, and by its source."""
    for records in small.values():
        for id, data in records.items():
            assert id.startswith("proeve")
            assert id == "proevedata" or [source.document for source in data.sources] == ["proevedata"]
    document = small["documents"]["proevedata"]
    assert (document.kind, document.title) == ("dataset", "Opdigtede prøvedata til måling")
    first = small["initiatives"]["proeve-indsats-000001"]
    assert first.title.endswith("(prøve 1)")
    assert first.summary.endswith("Opdigtet til måling.")
    assert "proeve-bevilling-000001" in small["funding/grants"]


def test_it_is_as_uneven_as_real_data(small: dict[str, dict[str, Any]]) -> None:
    """One municipality has most initiatives, a few programmes and funders most grants; one status is rare."""
    initiatives, grants = small["initiatives"].values(), small["funding/grants"].values()
    areas = Counter(area.municipality for each in initiatives for area in each.areas if area.municipality)
    (crowded, most), (_, second), *_ = areas.most_common()
    assert crowded == "dk-0360"
    assert 0.5 < most / SMALL < 0.7
    assert second < most / 3
    assert len(areas) > 40
    for named in ("programme", "funder"):
        shares = [number / len(grants) for _, number in Counter(getattr(each, named) for each in grants).most_common()]
        assert 0.2 < shares[0] < 0.5
        assert sum(shares[:3]) > 0.5
    assert [id for id, each in small["initiatives"].items() if each.status == "cancelled"] == ["proeve-indsats-000007"]
    assert Counter(each.status for each in grants)["withdrawn"] == 1
    assert {each.status for each in initiatives} == {"planned", "running", "completed", "cancelled", None}
    assert {each.budget.currency for each in initiatives if each.budget} == {"DKK", "EUR", "SEK"}


def test_it_has_whatever_a_register_can_hold(small: dict[str, dict[str, Any]]) -> None:
    """Open and unknown periods from 2007 to 2030, parts of any number, money on its way forth and back."""
    initiatives, grants = small["initiatives"], small["funding/grants"].values()
    periods = [each.period for each in initiatives.values()]
    days = [day for period in periods if period for day in (period.start, period.end) if day]
    assert 2007 <= min(days).year < 2010
    assert max(days).year == 2030
    assert {(bool(p.start), bool(p.end)) for p in periods if p} == {(True, True), (True, False), (False, True)}
    assert None in periods
    parts = {
        name: {len(getattr(each, name)) for each in initiatives.values()}
        for name in ("partners", "target_groups", "stages", "goals")
    }
    assert parts == {
        "partners": {1, 2, 3, 4, 5},
        "target_groups": {0, 1, 2, 3},
        "stages": {0, 1, 2, 3, 4},
        "goals": {0, 1, 2},
    }
    parents = {each.parent for each in initiatives.values() if each.parent}
    assert 10 < sum(each.parent is not None for each in initiatives.values()) < 50
    assert any(initiatives[parent].parent for parent in parents), "parts have parts"
    assert {each.conditional for each in grants} == {True, False, None}
    assert all(each.conditions for each in grants if each.conditional)
    assert any(each.recovered for each in grants)
    assert any(each.awarded is None for each in grants)
    assert {len(each.instalments) for each in grants} == {0, 1, 2, 3, 4}
    assert {len(each.recipients) for each in grants} == {1, 2, 3}
    assert {len(each.award_date.edtf) for each in grants if each.award_date} == {4, 7, 10}
    assert any(account.rejected and account.rejected.amount > 0 for each in grants for account in each.accounts)


async def test_loading_it_is_one_revision_and_again_none(
    fresh: str, writer: Writer, small: dict[str, dict[str, Any]]
) -> None:
    """The log has a change for each record, and history a row; a larger sample adds to it."""
    before = await value(fresh, "select count(*) from change")
    number = sum(len(records) for records in small.values())
    assert await load_sample(writer, SMALL) == {"created": number}
    assert await load_sample(writer, SMALL) == {"unchanged": number}
    assert await rows(fresh, "select id, by, note from revision where id > 1") == [
        (2, SAMPLER, "Opdigtede prøvedata til måling")
    ]
    assert await value(fresh, "select count(*) from change") == before + number
    for table, name in (("initiative", "initiatives"), ("grant", "funding/grants"), ("organisation", "organisations")):
        query = f"select array_agg(id order by id) from history.\"{table}\" where recorded_from = 2 and id ~ '^proeve'"
        assert await value(fresh, query) == sorted(small[name])
        logged = f"select array_agg(id order by seq) from change where resource = '{name}' and revision = 2"
        assert await value(fresh, logged) == list(small[name])
    assert await load_sample(writer, SMALL + 1) == {"created": 4, "unchanged": number}


async def test_it_is_served_like_any_other_data(fresh: str, writer: Writer, settings: Settings) -> None:
    """As it was made."""
    await load_sample(writer, 20)
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        answer = (await client.get("/v1/funding/grants?document=proevedata&count=true&limit=1")).json()
        assert answer["total"] == 60
        assert (await client.get(f"/v1/funding/grants/{answer['items'][0]['id']}")).json() == answer["items"][0]
        crowded = await client.get("/v1/initiatives?document=proevedata&municipality=dk-0360&count=true")
        assert 8 <= crowded.json()["total"] <= 16


async def test_nothing_of_it_is_loaded_unasked(client: AsyncClient, register: str) -> None:
    """The packaged data have none of it."""
    assert (await client.get("/v1/documents/proevedata")).status_code == 404
    assert await value(register, "select count(*) from change where id like 'proeve%'") == 0


async def test_the_command_says_how_far_it_is(fresh: str) -> None:
    """In lines, where there is no terminal."""
    ended = await asyncio.to_thread(broen, "load", "--sample", "4", database_url=fresh)
    assert ended.returncode == 0, ended.stderr
    assert "4 initiatives\n" in ended.stderr
    assert "12 funding/grants\n" in ended.stderr
    assert "created" in ended.stdout
    assert await value(fresh, "select count(*) from initiative where id like 'proeve-%'") == 4
