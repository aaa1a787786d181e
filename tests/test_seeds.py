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
    assert (await get(client, "initiatives?region=se-12"))["items"][0]["kind"] == "pre_project"
    assert (await get(client, "funding/grants?recipient=broen-til-bedre-sundhed&currency=EUR"))["items"] == []


async def test_seed_001_the_strategy_and_its_six_principles(client: AsyncClient) -> None:
    """In order, in their own words; they are the strategy's, not the agreement's."""
    strategy = await get(client, "plans/sundhed-taet-paa-dig")
    assert (strategy["kind"], strategy["organisation"]["name"]) == ("strategy", "Region Sjælland")
    assert [principle["title"] for principle in strategy["principles"]] == [
        "Nærhed og tilgængelighed",
        "Digitale rettigheder",
        "Forandringer, hvor de skaber forbedringer",
        "Mest mulig sundhed for pengene",
        "Fleksible sundhedsløsninger",
        "Sundhedsløsninger skal fremme sundhed",
    ]
    assert strategy["principles"][0]["text"] == "Det, der kan leveres nært, skal leveres nært."
    assert strategy["principles"][5]["text"].endswith("fremmer et godt liv ved sygdom.")
    assert strategy["period"] is None


async def test_seed_001_the_four_shared_goals(client: AsyncClient) -> None:
    """Of the agreement, in order."""
    page = await get(client, "goals?agreement=sundhedsaftale-sjaelland-2019")
    assert [(goal["number"], goal["title"]) for goal in page["items"]] == [
        (1, "Fælles om borgerens livsudfordringer"),
        (2, "Tryghed og mestring i eget hjem"),
        (3, "Effektiv forebyggelse – sunde borgere"),
        (4, "Mental sundhed og psykisk trivsel"),
    ]
    assert {goal["agreement"]["name"] for goal in page["items"]} == {"Sundhedsaftalen 2019-2023"}


async def test_seed_000_the_study_visits(client: AsyncClient) -> None:
    """Several, in a year, and no more is known."""
    visits = await get(client, "events/studieture-2012")
    assert (visits["kind"], visits["place"], visits["participants"]) == ("study_visit", None, [])
    assert visits["date"] == {"edtf": "2012", "earliest": "2012-01-01", "latest": "2012-12-31"}


async def test_seed_002_the_summit(client: AsyncClient) -> None:
    """Day, four themes in order, more than a hundred persons, the region and seventeen municipalities."""
    summit = await get(client, "events/topmoede-sjaelland-2019")
    assert (summit["kind"], summit["date"]["edtf"], summit["place"]) == ("summit", "2019-09-26", None)
    assert summit["themes"] == [
        "Fleksibel behandling i borgerens eget hjem",
        "Almen lægehjælp tæt på borgerens hjem",
        "Akut hjælp tilpasset til borgernes behov",
        "Sammenhængende behandling",
    ]
    region, municipalities, persons = summit["participants"]
    assert region["organisation"]["name"] == "Region Sjælland"
    assert (municipalities["described_as"], municipalities["count_min"], municipalities["count_max"]) == (
        "17 kommuner",
        17,
        17,
    )
    assert persons["described_as"] == "mere end 100 embedsmænd og politikere fra region og kommuner"
    assert (persons["count_min"], persons["count_max"]) == (101, None)
    assert "videohilsen fra sundhedsminister, Magnus Heunicke" in summit["summary"]


async def test_seed_002_the_strategy_was_announced_and_is_nobody_elses(client: AsyncClient) -> None:
    """A stated month, said beforehand; not merged with the strategy of another text, nor taken for adopted."""
    strategy = await get(client, "plans/strategi-naere-sundhedsvaesen-sjaelland?as_of=2026-01-01")
    (adoption,) = strategy["milestones"]
    assert (adoption["kind"], adoption["announced"]) == ("adopted", True)
    assert adoption["date"] == {"edtf": "2019-12", "earliest": "2019-12-01", "latest": "2019-12-31"}
    assert strategy["status"] is None
    assert strategy["principles"] == []
    summit = await get(client, "events/topmoede-sjaelland-2019")
    assert summit["plan"]["id"] == strategy["id"]


async def test_seed_002_who_held_which_office(client: AsyncClient) -> None:
    """On the day of the press release."""
    expected = {
        "region-sjaelland": ("regionsrådsformand", "Heino Knudsen"),
        "faxe-kommune": ("borgmester", "Ole Vive"),
        "solroed-kommune": ("borgmester", "Niels Hörup"),
        "kkr-sjaelland": ("formand", "Niels Hörup"),
        "sundhedsministeriet": ("sundhedsminister", "Magnus Heunicke"),
    }
    for id, office in expected.items():
        offices = (await get(client, f"organisations/{id}"))["offices"]
        assert (*office, "2019-09-26") in [(o["title"], o["person"], o["held_on"]) for o in offices]


async def test_seed_003_the_conference_is_undated(client: AsyncClient) -> None:
    """Place, host, the plan that it was about, seven groups of participants; no day is guessed."""
    conference = await get(client, "events/konference-sundhedsplan-syddanmark")
    assert (conference["kind"], conference["date"], conference["place"]) == ("conference", None, "Fredericia")
    assert conference["host"]["name"] == "Region Syddanmark"
    assert [p["described_as"] for p in conference["participants"]] == [
        "borgmestre",
        "udvalgsformænd",
        "ledende embedsmænd fra kommunerne i Region Syddanmark",
        "repræsentanter fra praksissektoren",
        "regionsrådsmedlemmer",
        "sygehusledelserne",
        "ledende embedsmænd i Region Syddanmark",
    ]
    undated = await get(client, "events?dated=false")
    assert [event["id"] for event in undated["items"]] == [conference["id"]]
    dated = await get(client, "events?date_from=2019-01-01&date_to=2019-12-31")
    assert [event["id"] for event in dated["items"]] == ["topmoede-sjaelland-2019"]


async def test_seed_003_the_health_plan_and_the_vision(client: AsyncClient) -> None:
    """What it covers; consultation and adoption announced without a year; a vision beside the statutory agreements."""
    plan = await get(client, "plans/sundhedsplan-syddanmark")
    assert (plan["kind"], plan["organisation"]["name"]) == ("health_plan", "Region Syddanmark")
    assert "de aftaler regionen har indgået på sundhedsområdet" in plan["summary"]
    assert [(m["kind"], m["announced"], m["date"]) for m in plan["milestones"]] == [
        ("consultation_opened", True, None),
        ("adopted", True, None),
    ]
    assert ["»til sommer«" in plan["milestones"][0]["note"], "»i efteråret«" in plan["milestones"][1]["note"]] == [
        True
    ] * 2
    vision = await get(client, "health-agreements/politisk-vision-syddanmark")
    assert (vision["kind"], vision["region"]["id"], vision["status"]) == ("political_vision", "dk-1083", None)


async def test_seed_003_who_held_which_office_for_which_party(client: AsyncClient) -> None:
    """With the party as printed; the text has no day, so none is given."""
    expected = {
        "region-syddanmark": [("regionsrådsformand", "Carl Holst", "V"), ("sundhedsdirektør", "Jens Elkjær", None)],
        "vejen-kommune": [("borgmester", "Egon Fræhr", "V")],
        "kkr-syddanmark": [("formand", "Egon Fræhr", "V")],
        "sundhedsudvalget-region-syddanmark": [("formand", "Poul-Erik Svendsen", "S")],
    }
    for id, offices in expected.items():
        held = (await get(client, f"organisations/{id}"))["offices"]
        assert [(o["title"], o["person"], o["party"]) for o in held] == offices
        assert {o["held_on"] for o in held} == {None}


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
