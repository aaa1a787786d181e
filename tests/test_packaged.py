"""What the packaged data hold beside the published texts, and what they answer together."""

from datetime import date
from typing import Any

from httpx import AsyncClient

from app.data import packaged
from app.rest.body import validate


async def get(client: AsyncClient, path: str) -> dict[str, Any]:
    """A record."""
    answer = await client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def names(parts: list[dict[str, Any]], field: str = "organisation") -> list[str]:
    """The names that parts refer to."""
    return [part[field]["name"] for part in parts]


def test_what_is_packaged_keeps_the_rules_of_what_is_sent() -> None:
    """So that whatever is exported can be sent back, on the day of the data and later."""
    for resource, _, data in packaged():
        assert validate(resource.data, data.model_dump(), date(2026, 11, 22)) == data


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


async def test_what_is_known_of_an_agreement_without_a_period(client: AsyncClient) -> None:
    """Not to be in force before the period of its title, nor once another replaces it; nothing in between."""
    for day, told in (("2014-12-31", ["false"]), ("2015-01-01", []), ("2019-06-30", []), ("2019-07-01", ["false"])):
        asked = f"health-agreements?id=sundhedsaftale-sjaelland-2015&as_of={day}&in_force"
        assert [yes for yes in ("true", "false") if (await get(client, f"{asked}={yes}"))["items"]] == told, day


async def test_which_agreements_were_extended_and_under_which_law(client: AsyncClient) -> None:
    """Those of 2019, by half a year; one follows the other."""
    agreement = await get(client, "health-agreements/sundhedsaftale-syddanmark-2019?as_of=2019-07-01")
    assert agreement["extensions"] == [{"until": "2024-01-01", "legal_basis": "L 191 (2022)"}]
    assert [(m["kind"], m["date"] and m["date"]["edtf"]) for m in agreement["milestones"]] == [
        ("approved_by_committee", "2019-04-24"),
        ("sent_to_parties", "2019-04-26"),
        ("submitted_to_authority", "../2019-07-01"),
        ("in_force", "2019-07-01"),
        ("amended", None),
        ("lapsed", "2024-01-01"),
    ]
    assert agreement["edition"] == "version 1"
    assert {(party["decision"], party["decided_on"]) for party in agreement["parties"]} == {(None, None)}
    claims = (await get(client, "documents/sundhedsaftaler-sammenstilling"))["claims"]
    (approval,) = (claim for claim in claims if "den 26. juni 2019" in claim["text"])
    assert approval["about"] == ["health-agreements/sundhedsaftale-syddanmark-2019"], "by whom, no text says"
    assert [addendum["id"] for addendum in agreement["addenda"]] == ["administrativt-tillaeg-syddanmark-2019"]
    assert {party["deadline"] for party in agreement["parties"]} == {"2019-06-24"}
    assert agreement["status"] == "in_force"
    assert [later["id"] for later in agreement["replaced_by"]] == ["sundhedsaftale-syddanmark-2024"]
    mine = await get(client, "health-agreements?party=vejen-kommune&as_of=2026-11-22&in_force=true")
    assert [a["id"] for a in mine["items"]] == ["sundhedsaftale-syddanmark-2024"]


async def test_which_were_extended_is_one_question(client: AsyncClient) -> None:
    """And which were in force before the authority approved, of which no text at hand tells."""
    extended = await get(client, "health-agreements?course=extended")
    assert {item["nominal"]["edtf"] for item in extended["items"]} == {"2019/2023"}
    assert {item["region"]["id"] for item in extended["items"]} == {"dk-1082", "dk-1083", "dk-1084", "dk-1085"}
    assert (await get(client, "health-agreements?course=in_force_before_approval"))["items"] == []


async def test_who_sat_on_the_committees(client: AsyncClient) -> None:
    """Their composition is no constant."""
    for region, seats in (("hovedstaden", [5, 5, 2]), ("midtjylland", [5, 5, 2]), ("sjaelland", [5, 5, 3])):
        committee = await get(client, f"organisations/sundhedskoordinationsudvalget-{region}")
        assert [member["seats"] for member in committee["members"]] == seats


async def test_what_abolishes_agreements_and_committees_is_a_claim_about_each(client: AsyncClient) -> None:
    """Of no agreement of 2024 and of no committee of 2022 is the end known; that they are to end is."""
    going_on = await get(client, "organisations?kind=committee&active=true&as_of=2030-01-01")
    latest = [
        a for a in (await get(client, "health-agreements"))["items"] if a["nominal"] and "2027" in a["nominal"]["edtf"]
    ]
    claims = (await get(client, "documents/sundhedsaftaler-sammenstilling"))["claims"]
    (abolished,) = (claim for claim in claims if "afskaffes" in claim["text"])
    paths = [f"health-agreements/{a['id']}" for a in latest] + [f"organisations/{c['id']}" for c in going_on["items"]]
    assert sorted(abolished["about"]) == sorted(paths)
    assert len(paths) == 4 + 5


async def test_trygfonden_joined_the_partnership_for_three_years(client: AsyncClient) -> None:
    """From 2017, as vaguely as that is known; its own text was not read, so nothing is quoted."""
    partnership = await get(client, "organisations/broen-til-bedre-sundhed")
    member = partnership["members"][-1]
    assert member["organisation"] == {"id": "trygfonden", "name": "TrygFonden"}
    assert member["stated"] == {"edtf": "2017/2020", "earliest": "2017-01-01", "latest": "2020-12-31"}
    assert member["period"] is None
    source = partnership["sources"][-1]
    assert (source["document"]["id"], source["fields"]) == ("partnerskaber-og-puljer", ["/members/7"])
    assert (source["quote"], source["read_on"]) == (None, None)
    assert (await get(client, "organisations/trygfonden"))["kind"] == "foundation"
    page = await get(client, "organisations?member=trygfonden")
    assert [item["id"] for item in page["items"]] == ["broen-til-bedre-sundhed"]


async def test_the_interreg_programmes_and_what_they_pay_at_the_most(client: AsyncClient) -> None:
    """Three in a row, each with its rules; none is said to be above the sub-programme of seed 000."""
    page = await get(client, "funding/programmes?kind=eu_programme&sort=start")
    assert [(p["name"], p["fund"], p["period"]["start"], p["period"]["end"]) for p in page["items"]] == [
        ("Interreg Öresund–Kattegat–Skagerrak 2007–13", "ERUF", "2007-01-01", "2014-01-01"),
        ("Interreg Öresund–Kattegat–Skagerrak 2014–20", "ERUF", "2014-01-01", "2021-01-01"),
        ("Interreg Öresund–Kattegat–Skagerrak 2021–27", "ERUF", "2021-01-01", "2028-01-01"),
    ]
    first, second, third = page["items"]
    assert first["frame"] == {"amount": 120000000.00, "currency": "EUR"}
    assert [(r["partner_country"], r["rate"]) for r in first["cofinancing_rules"]] == [(None, 50), ("NO", 25)]
    assert (second["frame"], third["frame"]) == (None, None)
    assert [rule["rate"] for rule in second["cofinancing_rules"]] == [50]
    general, pre_project = third["cofinancing_rules"]
    assert (general["project_kind"], general["rate"], general["cap"]) == (None, 60, None)
    assert (pre_project["project_kind"], pre_project["rate"]) == ("pre_project", None)
    assert pre_project["cap"] == {"amount": 60000.00, "currency": "EUR"}
    assert [programme["children"] for programme in page["items"]] == [[], [], []]
    running = await get(client, "funding/programmes?kind=eu_programme&active=true&as_of=2020-12-31")
    assert [programme["id"] for programme in running["items"]] == ["interreg-oeks-2014"]
