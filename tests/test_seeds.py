"""What the published texts say, as far as areas, organisations, agreements, initiatives and funding can hold it."""

from typing import Any

from httpx import AsyncClient


async def get(client: AsyncClient, path: str) -> dict[str, Any]:
    """A record."""
    answer = await client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def names(parts: list[dict[str, Any]], field: str = "organisation") -> list[str]:
    """The names that parts refer to."""
    return [part[field]["name"] for part in parts]


async def test_seed_000_the_interreg_pre_project(client: AsyncClient) -> None:
    """Partners, period, budget and ERDF grant, exact to the euro; what is not stated is null."""
    project = await get(client, "initiatives/primaere-sundhedstjenester-oeresund")
    assert project["title"] == "Udvikling af de primære sundhedstjenester, Øresundsregionen"
    assert project["kind"] == "pre_project"
    assert project["lead"] == {"id": "region-sjaelland", "name": "Region Sjælland"}
    assert names(project["partners"]) == ["Region Sjælland", "Region Skåne"]
    assert [partner["role"] for partner in project["partners"]] == ["lead_partner", "partner"]
    assert project["period"] == {"start": "2013-07-01", "end": "2014-07-01"}, "2014-06-30 is the last day"
    assert project["budget"] == {"amount": 199994.00, "currency": "EUR"}
    assert [area["region"]["id"] for area in project["areas"]] == ["dk-1085", "se-12"]
    assert "studieture i 2012" in project["background"]
    assert "formaliseret samarbejde" in project["summary"]
    (aim,) = project["aims"]
    assert aim.startswith("At begge regioner står bedre rustet")
    (contact,) = project["contacts"]
    assert (contact["role"], contact["person"]) == ("Projektleder", "Lise Åkerman")
    assert project["status"] is None

    grant = await get(client, "funding/grants/eruf-primaere-sundhedstjenester-oeresund")
    assert grant["awarded"] == {"amount": 99994.00, "currency": "EUR"}
    assert grant["initiative"]["id"] == project["id"]
    assert grant["status"] == "awarded"
    assert grant["award_date"] is None
    assert grant["sought"] is None
    programme = await get(client, f"funding/programmes/{grant['programme']['id']}")
    assert (programme["kind"], programme["name"], programme["fund"]) == ("sub_programme", "Öresund", "ERUF")
    assert programme["parent"] is None, "the text names no programme above it"


async def test_amounts_are_written_to_the_cent(client: AsyncClient) -> None:
    """A number with two decimals, not a binary fraction."""
    answer = await client.get("/v1/funding/grants/eruf-primaere-sundhedstjenester-oeresund")
    assert '"amount" : 99994.00' in answer.text


async def test_seed_001_the_health_agreement(client: AsyncClient) -> None:
    """Vision, nominal and effective period, the committee that drafted it and who sits there, the parties."""
    agreement = await get(client, "health-agreements/sundhedsaftale-sjaelland-2019?as_of=2022-01-06")
    assert agreement["title"] == "Sundhedsaftalen 2019-2023"
    assert agreement["vision"] == "Fælles med borgeren om bedre sundhed"
    assert agreement["nominal"] == {"edtf": "2019/2023", "earliest": "2019-01-01", "latest": "2023-12-31"}
    assert agreement["period"] == {"start": "2019-07-01", "end": "2024-01-01"}
    assert [e["until"] for e in agreement["extensions"]] == ["2024-01-01"], "half a year more, by the law of 2022"
    assert agreement["status"] == "in_force"
    assert agreement["region"]["id"] == "dk-1085"
    assert len(agreement["parties"]) == 1 + 17, "the region and all its municipalities"
    assert all(party["decision"] is None for party in agreement["parties"]), "no text says how each answered"
    committee = await get(client, f"organisations/{agreement['drafted_by']['id']}")
    assert committee["kind"] == "committee"
    assert [m["described_as"] for m in committee["members"]] == ["regionsråd", "kommunalbestyrelser", "praksissektoren"]
    assert {m["role"] for m in committee["members"]} == {"repræsentanter"}


async def test_seed_001_the_contact_point(client: AsyncClient) -> None:
    """An office with its address and switchboard."""
    region = await get(client, "organisations/region-sjaelland")
    point = region["contact_points"][0]
    assert point == {
        "name": "Det Nære Sundhedsvæsen",
        "street": "Alléen 15",
        "postal_code": "4180",
        "town": "Sorø",
        "phone": "+45 57 87 57 87",
        "email": None,
    }


async def test_the_status_of_an_agreement_is_the_one_of_the_day(client: AsyncClient) -> None:
    """Before its first milestone it has none; in force in between; lapsed afterwards."""
    path = "health-agreements/sundhedsaftale-sjaelland-2019"
    assert (await get(client, f"{path}?as_of=2019-06-30"))["status"] is None
    assert (await get(client, f"{path}?as_of=2019-07-01"))["status"] == "in_force"
    assert (await get(client, f"{path}?as_of=2024-01-01"))["status"] == "lapsed"
    for day, in_force, found in (("2023-12-31", "true", 1), ("2024-01-01", "true", 0), ("2024-01-01", "false", 1)):
        page = await get(client, f"health-agreements?as_of={day}&in_force={in_force}&region=dk-1085")
        assert len(page["items"]) == found
    page = await get(client, "health-agreements?as_of=2022-01-01&status=in_force&party=lolland-kommune")
    assert [item["id"] for item in page["items"]] == ["sundhedsaftale-sjaelland-2019"]


async def test_seed_004_the_partnership(client: AsyncClient) -> None:
    """Seven members, and the name as it is also written in the same text."""
    partnership = await get(client, "organisations/broen-til-bedre-sundhed")
    assert partnership["kind"] == "partnership"
    assert [variant["name"] for variant in partnership["name_variants"]] == ["Broen for bedre sundhed"]
    assert names(partnership["members"]) == [
        "Lolland Kommune",
        "Guldborgsund Kommune",
        "Nykøbing F. Sygehus",
        "Psykiatrien",
        "Business Lolland-Falster",
        "Praktiserende Lægers Organisation",
        "Region Sjælland",
    ]
    page = await get(client, "organisations?member=lolland-kommune")
    assert [item["id"] for item in page["items"]] == ["broen-til-bedre-sundhed"]


async def test_seed_004_the_initiative_and_its_sub_project(client: AsyncClient) -> None:
    """Vision and three aims; five citizens first, then growing groups; 1,000 to 1,500 persons stays a range."""
    whole = await get(client, "initiatives/broen-til-bedre-sundhed")
    assert whole["vision"] == "Lighed i sundhed gennem målrettede indsatser"
    assert whole["aims"] == ["Flere raske", "Mere kvalitet", "Bedre økonomi"]
    assert [area["municipality"]["name"] for area in whole["areas"]] == ["Lolland", "Guldborgsund"]
    (child,) = whole["children"]
    part = await get(client, f"initiatives/{child['id']}")
    assert part["title"] == "Sammenhængende borgerforløb for multibrugere af social- og sundhedsydelser"
    assert (part["kind"], part["parent"]["id"]) == ("sub_project", whole["id"])
    assert [(s["persons_min"], s["persons_max"]) for s in part["stages"]] == [(5, 5), (None, None)]
    assert [(g["persons_min"], g["persons_max"]) for g in part["target_groups"]] == [(1000, 1500)]
    assert "skønnes" in part["target_groups"][0]["description"]
    assert "cirka en procent" in part["background"]
    assert "op mod 30 procent" in part["background"]


async def test_seed_004_the_grant(client: AsyncClient) -> None:
    """Two million kroner from the ministry's pool, to two recipients; "netop" is no date."""
    grant = await get(client, "funding/grants/multibrugere-2014")
    assert grant["awarded"] == {"amount": 2000000.00, "currency": "DKK"}
    assert grant["funder"]["name"] == "Sundhedsministeriet"
    assert names(grant["recipients"]) == ["Region Sjælland", "Broen til bedre sundhed"]
    assert grant["initiative"]["id"] == "sammenhaengende-borgerforloeb-for-multibrugere"
    assert grant["award_date"] is None
    pool = await get(client, f"funding/programmes/{grant['programme']['id']}")
    assert (pool["kind"], pool["name"]) == ("pool", "Pulje til at reducere ulighed i sundhed")
    assert (pool["decided_by"]["name"], pool["decided_by_office"]) == ("Sundhedsministeriet", "sundhedsminister")


async def test_seed_004_who_held_which_office(client: AsyncClient) -> None:
    """Persons in office on the day of the press release; their mobile numbers are not published here."""
    ministry = await get(client, "organisations/sundhedsministeriet")
    assert [(o["title"], o["person"], o["held_on"]) for o in ministry["offices"]] == [
        ("sundhedsminister", "Nick Hækkerup", "2014-09-19")
    ]
    region = await get(client, "organisations/region-sjaelland")
    assert ("regionsrådsformand", "Jens Stenbæk") in [(o["title"], o["person"]) for o in region["offices"]]
    assert "Pressevagt" in [point["name"] for point in region["contact_points"]]


async def test_who_works_in_lolland_or_guldborgsund(client: AsyncClient) -> None:
    """A filter that is repeated means any of its values."""
    both = await get(client, "initiatives?municipality=dk-0360&municipality=dk-0376&count=true")
    assert both["total"] == 2
    assert (await get(client, "initiatives?region=se-12"))["items"][0]["kind"] == "pre_project"
    assert (await get(client, "funding/grants?recipient=broen-til-bedre-sundhed&currency=EUR"))["items"] == []
