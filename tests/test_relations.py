"""Filters that follow relations: from records to areas on any day's map, to who carries them and who pays."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.resources.grants import GrantData, grants
from app.resources.indicators import IndicatorData, indicators
from app.resources.initiatives import InitiativeData, initiatives
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put

GOAL = "sundhedsaftale-sjaelland-2019-maal-2"


async def ids(client: AsyncClient, question: str) -> set[str]:
    """The ids of the records that a question finds."""
    page = (await client.get(f"/v1/{question}")).raise_for_status().json()
    assert page["next"] is None
    return {item["id"] for item in page["items"]}


def initiative(id: str, **more: Any) -> tuple[Any, str, InitiativeData]:
    """An initiative."""
    return initiatives, id, validate(InitiativeData, {"kind": "project", "title": id, **more})


@pytest.fixture
async def projects(writer: Writer) -> None:
    """Initiatives that each have a relation of one kind."""
    money = {"amount": "75000.00", "currency": "SEK"}
    await put(
        writer,
        initiative("i-lolland", areas=[{"municipality": "dk-0360"}], period={"start": "2020-01-01", "end": None}),
        initiative("i-region", areas=[{"region": "dk-1085"}], period={"start": "2010-01-01", "end": "2012-01-01"}),
        initiative("ledet", lead="lolland-kommune", goals=[{"goal": GOAL}]),
        initiative(
            "partner",
            partners=[
                {"organisation": "lolland-kommune", "role": "associated_partner"},
                {"organisation": "region-skaane", "role": "lead_partner"},
            ],
            target_groups=[{"description": "Mange", "persons_min": 5000}],
        ),
        (
            grants,
            "penge",
            validate(
                GrantData,
                {
                    "title": "Penge",
                    "programme": "interreg-oeks-2014",
                    "funder": "region-skaane",
                    "initiative": "partner",
                    "awarded": money,
                },
            ),
        ),
        (indicators, "tal", validate(IndicatorData, {"title": "Tal", "targets": [{"goal": GOAL}]})),
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("municipality=dk-0360", {"i-lolland", "ledet", "partner"}),
        ("region=dk-1085&as_of=2026-01-01", {"i-lolland", "i-region"}),
        ("region=dk-oestdanmark&as_of=2026-01-01", set()),
        ("region=dk-oestdanmark&as_of=2027-01-01", {"i-lolland", "i-region"}),
        ("region=dk-1085&as_of=2027-01-01", {"i-region"}),
        ("lead_partner=region-skaane", {"partner"}),
        ("lead_partner=lolland-kommune", set()),
        ("associated_partner=lolland-kommune", {"partner"}),
        ("involves=lolland-kommune", {"ledet", "partner"}),
        ("agreement=sundhedsaftale-sjaelland-2019", {"ledet"}),
        ("goal=sundhedsaftale-sjaelland-2019-maal-2", {"ledet"}),
        ("plan=sundhed-taet-paa-dig", set()),
        ("programme=interreg-oeks-2014", {"partner"}),
        ("funder=region-skaane", {"partner"}),
        ("granted_min=75000&granted_max=75000&grant_currency=SEK", {"partner"}),
        ("granted_min=75000.01&grant_currency=SEK", set()),
        ("funded=true", {"partner"}),
        ("persons_min=5000", {"partner"}),
        ("persons_max=4999", set()),
        ("active_from=2012-01-01&active_to=2019-12-31", set()),
        ("active_from=2011-12-31&active_to=2020-01-01", {"i-lolland", "i-region"}),
    ],
)
@pytest.mark.usefixtures("projects")
async def test_initiatives_are_found_by_what_they_are_related_to(
    own_client: AsyncClient, question: str, found: set[str]
) -> None:
    """Areas on the map of the day, whoever carries them, goals, payers, sizes and times."""
    mine = "id=i-lolland&id=i-region&id=ledet&id=partner"
    assert await ids(own_client, f"initiatives?{mine}&{question}") == found


@pytest.mark.usefixtures("projects")
async def test_grants_are_found_by_what_their_initiative_is_related_to(own_client: AsyncClient) -> None:
    """By the filters of initiatives; an id that nobody has is refused here too."""
    for question in ("municipality=dk-0360", "involves=region-skaane", "initiative_kind=project"):
        assert "penge" in await ids(own_client, f"funding/grants?{question}"), question
    for question in ("region=dk-1085&as_of=2026-01-01", "goal=sundhedsaftale-sjaelland-2019-maal-2"):
        assert "penge" not in await ids(own_client, f"funding/grants?{question}"), question
    assert (await own_client.get("/v1/funding/grants?municipality=dk-0361")).status_code == 400


@pytest.mark.usefixtures("projects")
async def test_goals_and_measurements_are_found_by_each_other(own_client: AsyncClient) -> None:
    """A goal that is served, that an indicator follows, of a region."""
    assert await ids(own_client, "goals?served=true") == {GOAL}
    assert GOAL not in await ids(own_client, "goals?served=false")
    assert await ids(own_client, "goals?indicator=tal") == {GOAL}
    assert (
        len(
            await ids(
                own_client, "goals?region=dk-oestdanmark&as_of=2027-01-01&agreement=sundhedsaftale-sjaelland-2019"
            )
        )
        == 4
    )
    assert await ids(own_client, f"measurements?goal={GOAL}") == set()


async def test_a_partnerships_members_are_involved(client: AsyncClient) -> None:
    """Lolland's municipality is no partner itself."""
    assert await ids(client, "initiatives?partner=lolland-kommune") == set()
    assert await ids(client, "initiatives?involves=lolland-kommune") == {
        "broen-til-bedre-sundhed",
        "sammenhaengende-borgerforloeb-for-multibrugere",
    }


async def test_agreements_follow_the_map_and_their_parties(client: AsyncClient) -> None:
    """What Region Østdanmark takes over, and what binds a municipality."""
    east = await ids(client, "health-agreements?region=dk-oestdanmark&as_of=2027-01-01&in_force=true")
    assert east == {"sundhedsaftale-sjaelland-2024"}
    assert await ids(client, "health-agreements?municipality=dk-0360&in_force=true&as_of=2020-01-01") == {
        "sundhedsaftale-sjaelland-2019"
    }
    assert "sundhedsaftale-sjaelland-2019" in await ids(
        client, "health-agreements?effective_from=2019-01-01&effective_to=2019-12-31"
    )
    assert await ids(client, "health-agreements?effective_to=2019-06-30") == {"sundhedsaftale-midtjylland-2015"}
    assert await ids(client, "plans?region=dk-1083") == {"sundhedsplan-syddanmark"}
    assert len(await ids(client, "organisations?within_region=dk-oestdanmark&as_of=2027-01-01")) == 1 + 2 + 46
    assert await ids(client, "events?organisation=region-syddanmark") == {"konference-sundhedsplan-syddanmark"}


async def test_an_id_that_is_none_is_refused_by_every_relation(client: AsyncClient) -> None:
    """With near ones, wherever the ids lie."""
    for question in ("region=dk-1804", "municipality=dk-0361", "funder=sundhedsministerie", "involves=lolland-komune"):
        answer = await client.get(f"/v1/initiatives?{question}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["near"], question
