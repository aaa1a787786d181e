"""The third seed: a press release on a summit in Region Sjælland, sentence by sentence, from top to bottom."""

import re
from datetime import date
from typing import Any

from httpx import AsyncClient

from tests.test_packaged import get

RELEASE = "pressemeddelelse-topmoede-2019"
SUMMIT = "events/topmoede-sjaelland-2019"
STRATEGY = "plans/strategi-naere-sundhedsvaesen-sjaelland"
REGION = "organisations/region-sjaelland"
FAXE = "organisations/faxe-kommune"
SOLROED = "organisations/solroed-kommune"
KKR = "organisations/kkr-sjaelland"
MINISTRY = "organisations/sundhedsministeriet"


async def claims(client: AsyncClient) -> dict[str, list[str]]:
    """The sentences that are kept as claims of the release, each with the records that it is about."""
    return {claim["quote"]: claim["about"] for claim in (await get(client, f"documents/{RELEASE}"))["claims"]}


async def offices(client: AsyncClient, organisation: str) -> list[tuple[str, str]]:
    """Who held which office in an organisation on the day of the release."""
    held = (await get(client, organisation))["offices"]
    return [(office["title"], office["person"]) for office in held if office["held_on"] == "2019-09-26"]


def quotes(record: dict[str, Any], field: str) -> list[str]:
    """The words of the release from which a record has a field."""
    return [s["quote"] for s in record["sources"] if s["document"]["id"] == RELEASE and field in s["fields"]]


async def test_the_release_its_heading_and_its_day(client: AsyncClient) -> None:
    """A press release in Danish, of a Thursday: 2019-09-26, on which it was made and last updated."""
    release = await get(client, f"documents/{RELEASE}")
    assert release["title"] == "Sundhedsvæsenet skal tæt på borgerne"
    assert (release["kind"], release["publisher"], release["language"]) == ("press_release", "Region Sjælland", "da")
    assert release["published"] == {"edtf": "2019-09-26", "earliest": "2019-09-26", "latest": "2019-09-26"}
    assert release["updated"] == release["published"]
    assert date.fromisoformat(release["published"]["edtf"]).isoweekday() == 4, "Torsdag"


async def test_the_summit_and_its_message(client: AsyncClient) -> None:
    """More than a hundred officials and politicians on the strategy for the nearby health care of the future."""
    message = (
        "Sundhedsvæsenet skal hænge sammen og møde borgeren tæt på eller i eget hjem. Det var budskabet på topmødet"
    )
    met = (
        "Det var budskabet på topmødet, hvor mere end 100 embedsmænd og politikere fra region og kommuner drøftede "
        "strategien for fremtidens nære sundhedsvæsen."
    )
    assert (await claims(client))[message] == [SUMMIT]
    summit = await get(client, SUMMIT)
    assert (summit["kind"], summit["title"]) == ("summit", "Topmøde om strategien for fremtidens nære sundhedsvæsen")
    assert summit["plan"]["id"] == STRATEGY.removeprefix("plans/")
    persons = summit["participants"][2]
    assert persons["described_as"] == "mere end 100 embedsmænd og politikere fra region og kommuner"
    assert (persons["count_min"], persons["count_max"]) == (101, None), "more than 100, and no upper bound"
    assert quotes(summit, "/title") == [met]


async def test_why_health_care_is_under_pressure(client: AsyncClient) -> None:
    """An ageing population and growing demands, which ask for change and for solutions across sectors."""
    said = await claims(client)
    pressure = (
        "Med en aldrende befolkning og voksende krav til fleksibilitet og kvalitet er fremtidens sundhedsvæsen "
        "under pres."
    )
    assert said[pressure] == [SUMMIT]
    assert said["Det kræver omstilling og fælles løsninger på tværs af sektorer."] == [SUMMIT]


async def test_what_the_chair_of_the_regional_council_said(client: AsyncClient) -> None:
    """The aim, a commitment, and an outstretched hand to the municipalities on the way to the strategy."""
    said = await claims(client)
    assert said["Målet er, at vi går i takt og løser udfordringerne i fællesskab."] == [REGION, SUMMIT]
    commitment = (
        "Jeg forpligter mig til, at Region Sjælland får sat handlekraft bag ordene om denne helt nødvendige omstilling "
        "i sundhedsvæsnet."
    )
    assert said[commitment] == [REGION, SUMMIT]
    hand = (
        "Derfor rækker vi hånden ud til kommunerne og lytter til, hvad der er vigtigst for dem, så vores kommende "
        "strategi imødekommer borgernes behov, siger Heino Knudsen, regionsrådsformand i Region Sjælland."
    )
    assert said[hand] == [REGION, STRATEGY, SUMMIT]
    assert await offices(client, REGION) == [("regionsrådsformand", "Heino Knudsen")]


async def test_who_met_on_which_day(client: AsyncClient) -> None:
    """On the day of the release the region and seventeen municipalities; where, and who invited, is not told."""
    summit = await get(client, SUMMIT)
    assert summit["date"] == {"edtf": "2019-09-26", "earliest": "2019-09-26", "latest": "2019-09-26"}
    today = "På dagens topmøde drøftede 17 kommuner og regionen fire fokusområder."
    assert quotes(summit, "/date") == ["Pressemeddelelse: Torsdag d. 26. september 2019", today]
    region, municipalities = summit["participants"][:2]
    assert region["organisation"] == {"id": "region-sjaelland", "name": "Region Sjælland"}
    assert (municipalities["organisation"], municipalities["described_as"]) == (None, "17 kommuner")
    assert (municipalities["count_min"], municipalities["count_max"]) == (17, 17)
    assert quotes(summit, "/participants/0") == quotes(summit, "/participants/1") == [today]
    assert (summit["place"], summit["host"], summit["agreement"]) == (None, None, None)
    of_the_year = await get(client, "events?date_from=2019-01-01&date_to=2019-12-31&participant=region-sjaelland")
    assert [event["id"] for event in of_the_year["items"]] == [summit["id"]]


async def test_the_four_areas_of_focus(client: AsyncClient) -> None:
    """In their order; they are what the summit talked about, not what the strategy holds."""
    summit = await get(client, SUMMIT)
    assert summit["themes"] == [
        "Fleksibel behandling i borgerens eget hjem",
        "Almen lægehjælp tæt på borgerens hjem",
        "Akut hjælp tilpasset til borgernes behov",
        "Sammenhængende behandling",
    ]
    (words,) = quotes(summit, "/themes")
    assert words.startswith("Fokusområderne var fleksibel behandling i borgerens eget hjem, almen lægehjælp")
    assert (await get(client, STRATEGY))["focus_areas"] == []


async def test_the_greeting_of_the_minister_and_the_dialogue(client: AsyncClient) -> None:
    """He began by video and supports the initiative; then all took part under one heading."""
    greeting = (
        "Topmødet blev indledt med en videohilsen fra sundhedsminister, Magnus Heunicke, der bakker op om initiativet "
        "til det fælles topmøde og tættere samarbejde."
    )
    assert (await claims(client))[greeting] == [MINISTRY, SUMMIT]
    assert await offices(client, MINISTRY) == [("sundhedsminister", "Magnus Heunicke")]
    (minister,) = (p for p in (await get(client, SUMMIT))["participants"] if p["role"])
    assert minister["organisation"]["name"] == "Sundhedsministeriet"
    assert minister["role"] == "videohilsen fra sundhedsminister, Magnus Heunicke"
    (words,) = quotes(await get(client, SUMMIT), "/participants/3")
    assert words in greeting
    greeted = await get(client, "events?participant=sundhedsministeriet")
    assert [event["id"] for event in greeted["items"]] == ["topmoede-sjaelland-2019"]
    assert (await get(client, SUMMIT))["summary"].split("\n\n")[0] == (
        f"{greeting} Herefter gik alle deltagerne i dialog om dagens temaer under overskriften samarbejde på tværs af "
        "det nære sundhedsvæsen."
    )


async def test_what_the_mayor_of_faxe_said_of_acute_help_at_home(client: AsyncClient) -> None:
    """Shared competences, acute treatment at home, a paramedic's digital tools, fewer admissions."""
    said = await claims(client)
    competences = "Der er gode og nye muligheder i at bruge vores og regionens samlede kompetencer."
    assert said[competences] == [FAXE, REGION, SUMMIT]
    gain = "Hvis vi kan rykke den akutte behandling ud i hjemmet, vil det være en stor gevinst for borgerne."
    assert said[gain] == [FAXE, SUMMIT]
    paramedic = (
        "For eksempel vil en paramediciner ved udrykning kunne bruge digitale værktøjer til at dele lyd, billede og "
        "patientens målinger med en mere specialiseret læge eller sygeplejerske."
    )
    assert said[paramedic] == [FAXE, SUMMIT]
    fewer = (
        "På den måde vil patienterne kunne undgå unødvendige indlæggelser og genindlæggelser, siger Ole Vive, "
        "borgmester i Faxe Kommune, og fortsætter."
    )
    assert said[fewer] == [FAXE, SUMMIT]
    assert await offices(client, FAXE) == [("borgmester", "Ole Vive")]


async def test_what_the_mayor_of_faxe_said_of_digital_infrastructure(client: AsyncClient) -> None:
    """It is needed everywhere, is not there yet, and is a task for all."""
    infrastructure = (
        "Det kræver selvfølgelig, at vi har digital infrastruktur alle steder, og det er ikke tilfældet i dag, så der "
        "ligger også en fælles opgave, siger han."
    )
    assert (await claims(client))[infrastructure] == [FAXE, SUMMIT]


async def test_what_else_was_discussed(client: AsyncClient) -> None:
    """More use of technology, such as for flexible treatment at home."""
    technology = (
        "Deltagerne på mødet drøftede blandt andet også, hvordan man i højere grad kan anvende teknologiske løsninger "
        "i sundhedsvæsenet for eksempel til at skabe mere fleksibel behandling i borgerens eget hjem."
    )
    summit = await get(client, SUMMIT)
    assert summit["summary"].split("\n\n")[1] == technology
    assert technology in quotes(summit, "/summary")


async def test_what_the_mayor_of_solroed_said_of_the_citizens(client: AsyncClient) -> None:
    """Digital solutions that support them, transitions in which they come first, treatment close to them."""
    said = await claims(client)
    digital = "Vi skal være optagede af at have fokus på borgerne, og nye digitale løsninger skal understøtte det."
    transitions = (
        "Vi har forskellige roller og opgaver, og det er vigtigt, at sektorovergangene sker med fokus på borgerne."
    )
    close = (
        "De skal opleve, at det behov, de har for at blive behandlet, det bliver løst tæt på dem selv, siger Niels "
        "Hörup, borgmester i Solrød Kommune og formand for KKR Sjælland, og fortsætter."
    )
    assert said[digital] == said[transitions] == said[close] == [SOLROED, KKR, SUMMIT]
    assert await offices(client, SOLROED) == [("borgmester", "Niels Hörup")]
    assert await offices(client, KKR) == [("formand", "Niels Hörup")]
    kkr = await get(client, KKR)
    assert (kkr["kind"], kkr["name"]) == ("council", "KKR Sjælland")


async def test_what_the_mayor_of_solroed_said_of_the_home(client: AsyncClient) -> None:
    """New ways to work together there, safety as a shared goal, and more political capital from that day on."""
    said = await claims(client)
    together = "Vi skal derfor også finde nye samarbejdsflader i borgerens eget hjem."
    safety = "Et væsentligt fælles mål bliver at skabe tryghed i den behandling."
    capital = (
        "Dagens møde har givet mig mere lyst og inspiration til at kaste yderligere politisk kapital ind i arbejdet "
        "med det nære sundhedsvæsen, siger han."
    )
    assert said[together] == said[safety] == said[capital] == [SOLROED, KKR, SUMMIT]


async def test_how_the_summit_ended(client: AsyncClient) -> None:
    """With a summing-up for the further work on one strategy."""
    end = (
        "Topmødet blev afsluttet med en opsamling, der skal bruges i det videre arbejde med en samlet strategi for det "
        "nære sundhedsvæsen i regionen."
    )
    assert (await claims(client))[end] == [SUMMIT, STRATEGY]
    summit = await get(client, SUMMIT)
    assert summit["summary"].split("\n\n")[2] == end
    assert quotes(summit, "/plan") == [end]


async def test_the_strategy_that_was_to_be_adopted(client: AsyncClient) -> None:
    """By the regional council in December 2019: a month, said beforehand, and so not taken for done."""
    strategy = await get(client, f"{STRATEGY}?as_of=2026-01-01")
    assert (strategy["kind"], strategy["organisation"]["name"]) == ("strategy", "Region Sjælland")
    assert strategy["title"] == "Samlet strategi for det nære sundhedsvæsen i Region Sjælland"
    assert quotes(strategy, "/title") == ["en samlet strategi for det nære sundhedsvæsen i regionen"]
    (adoption,) = strategy["milestones"]
    assert (adoption["kind"], adoption["announced"]) == ("adopted", True)
    assert adoption["date"] == {"edtf": "2019-12", "earliest": "2019-12-01", "latest": "2019-12-31"}
    assert adoption["note"].startswith("Af regionsrådet.")
    assert quotes(strategy, "/milestones") == ["Strategien vedtages af regionsrådet i december 2019."]
    assert strategy["status"] is None


async def test_the_strategy_is_merged_with_no_other(client: AsyncClient) -> None:
    """Another text has a strategy of the same region, with principles; that they are one, nobody says."""
    strategies = (await get(client, "plans?organisation=region-sjaelland&kind=strategy"))["items"]
    assert {plan["id"]: len(plan["principles"]) for plan in strategies} == {
        "strategi-naere-sundhedsvaesen-sjaelland": 0,
        "sundhed-taet-paa-dig": 6,
    }


async def test_whom_the_press_may_ask(client: AsyncClient) -> None:
    """Three persons in office, one of them as chair of KKR without more, and the press line."""
    said = await claims(client)
    assert said["Kontaktoplysninger for pressen"] == [REGION, FAXE, SOLROED, KKR]
    assert said["Niels Hörup, borgmester i Solrød Kommune og formand for KKR"] == [KKR]
    region = await get(client, REGION)
    assert "Pressevagten i Region Sjælland, 57 87 50 52" in quotes(region, "/contact_points/1/phone")


async def test_the_press_line(client: AsyncClient) -> None:
    """An office with its address and its number."""
    region = await get(client, REGION)
    (point,) = [point for point in region["contact_points"] if point["name"] == "Pressevagt"]
    assert (point["street"], point["postal_code"], point["town"]) == ("Alléen 15", "4180", "Sorø")
    assert (point["phone"], point["email"]) == ("+45 57 87 50 52", None)
    assert quotes(region, "/contact_points/1") == ["Pressevagt Region Sjælland Alléen 15 4180 Sorø Tlf. 57 87 50 52"]


async def test_all_that_the_release_states_has_its_words(client: AsyncClient) -> None:
    """Each source and claim with a quote and the day of reading; the mobile numbers of three persons are left out."""
    release = await get(client, f"documents/{RELEASE}")
    assert all(claim["quote"] for claim in release["claims"])
    assert {support["resource"]: support["count"] for support in release["supports"]} == {
        "events": 1,
        "organisations": 5,
        "plans": 1,
    }
    for href in [f"/v1/documents?id={RELEASE}", *(support["href"] for support in release["supports"])]:
        answer = await client.get(href)
        sources = [s for i in answer.json()["items"] for s in i["sources"] if s["document"]["id"] == RELEASE]
        assert all(source["quote"] and source["read_on"] == "2026-11-22" for source in sources)
        assert set(re.findall(r"(?:\+45 )?(\d\d(?: \d\d){3})", answer.text)) <= {"57 87 57 87", "57 87 50 52"}
