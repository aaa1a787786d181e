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


async def test_the_status_of_an_agreement_is_the_one_of_the_day(client: AsyncClient) -> None:
    """Before its first milestone it has none; in force in between, extension included; lapsed afterwards."""
    path = "health-agreements/sundhedsaftale-sjaelland-2019"
    agreement = await get(client, path)
    assert agreement["period"] == {"start": "2019-07-01", "end": "2024-01-01"}
    assert [e["until"] for e in agreement["extensions"]] == ["2024-01-01"], "half a year more, by the law of 2022"
    assert (await get(client, f"{path}?as_of=2019-06-30"))["status"] is None
    assert (await get(client, f"{path}?as_of=2019-07-01"))["status"] == "in_force"
    assert (await get(client, f"{path}?as_of=2024-01-01"))["status"] == "lapsed"
    for day, in_force, found in (("2023-12-31", "true", 1), ("2024-01-01", "true", 0), ("2024-01-01", "false", 1)):
        asked = f"as_of={day}&in_force={in_force}&id=sundhedsaftale-sjaelland-2019"
        page = await get(client, f"health-agreements?{asked}")
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
    first = ministry["offices"][0]
    assert (first["title"], first["person"], first["held_on"]) == ("sundhedsminister", "Nick Hækkerup", "2014-09-19")
    region = await get(client, "organisations/region-sjaelland")
    assert ("regionsrådsformand", "Jens Stenbæk") in [(o["title"], o["person"]) for o in region["offices"]]
    assert "Pressevagt" in [point["name"] for point in region["contact_points"]]


async def test_who_works_in_lolland_or_guldborgsund(client: AsyncClient) -> None:
    """A filter that is repeated means any of its values."""
    both = await get(client, "initiatives?municipality=dk-0360&municipality=dk-0376&count=true")
    assert both["total"] == 2
    assert (await get(client, "funding/grants?recipient=broen-til-bedre-sundhed&currency=EUR"))["items"] == []


async def test_the_agreements_of_all_five_regions(client: AsyncClient) -> None:
    """By region and nominal period; each with the region and all its municipalities as parties."""
    page = await get(client, "health-agreements?kind=health_agreement&limit=100")
    found = {(a["region"]["id"], a["nominal"]["edtf"]): len(a["parties"]) for a in page["items"]}
    assert found == {
        ("dk-1081", "2024/2027"): 1 + 11,
        ("dk-1082", "2015/2018"): 1 + 19,
        ("dk-1082", "2019/2023"): 1 + 19,
        ("dk-1083", "2019/2023"): 1 + 22,
        ("dk-1083", "2024/2027"): 1 + 22,
        ("dk-1084", "2019/2023"): 1 + 29,
        ("dk-1084", "2024/2027"): 1 + 29,
        ("dk-1085", "2015/2019-06"): 1 + 17,
        ("dk-1085", "2019/2023"): 1 + 17,
        ("dk-1085", "2024/2027"): 1 + 17,
    }


async def test_which_agreements_were_extended_and_under_which_law(client: AsyncClient) -> None:
    """Those of 2019, by half a year; one follows the other."""
    agreement = await get(client, "health-agreements/sundhedsaftale-syddanmark-2019?as_of=2019-07-01")
    assert agreement["extensions"] == [{"until": "2024-01-01", "legal_basis": "L 191 af 2022"}]
    assert [(m["kind"], m["date"] and m["date"]["edtf"]) for m in agreement["milestones"]] == [
        ("approved_by_committee", "2019-04-24"),
        ("sent_to_parties", "2019-04-26"),
        ("adopted_by_parties", "2019-06-26"),
        ("submitted_to_authority", "../2019-07-01"),
        ("in_force", "2019-07-01"),
        ("amended", None),
        ("lapsed", "2024-01-01"),
    ]
    assert agreement["edition"] == "version 1"
    assert [addendum["id"] for addendum in agreement["addenda"]] == ["administrativt-tillaeg-syddanmark-2019"]
    assert {party["deadline"] for party in agreement["parties"]} == {"2019-06-24"}
    assert agreement["status"] == "in_force"
    assert [later["id"] for later in agreement["replaced_by"]] == ["sundhedsaftale-syddanmark-2024"]
    mine = await get(client, "health-agreements?party=vejen-kommune&as_of=2026-11-22&in_force=true")
    assert [a["id"] for a in mine["items"]] == ["sundhedsaftale-syddanmark-2024"]


async def test_which_were_extended_is_one_question(client: AsyncClient) -> None:
    """And which were in force before the authority approved, of which no text at hand tells."""
    extended = await get(client, "health-agreements?extended=true")
    assert {item["nominal"]["edtf"] for item in extended["items"]} == {"2019/2023"}
    assert {item["region"]["id"] for item in extended["items"]} == {"dk-1082", "dk-1083", "dk-1084", "dk-1085"}
    assert (await get(client, "health-agreements?in_force_before_approval=true"))["items"] == []


async def test_who_sat_on_the_committees(client: AsyncClient) -> None:
    """Their composition is no constant."""
    for region, seats in (("hovedstaden", [5, 5, 2]), ("midtjylland", [5, 5, 2]), ("sjaelland", [5, 5, 3])):
        committee = await get(client, f"organisations/sundhedskoordinationsudvalget-{region}")
        assert [member["seats"] for member in committee["members"]] == seats
