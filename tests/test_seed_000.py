"""The first seed: a web page on an Interreg pre-project in the Øresund, sentence by sentence, from top to bottom."""

import re
from typing import Any

from httpx import AsyncClient

from tests.test_packaged import get

PAGE = "forprojekt-primaere-sundhedstjenester"
PROJECT = "initiatives/primaere-sundhedstjenester-oeresund"
GRANT = "funding/grants/eruf-primaere-sundhedstjenester-oeresund"
SJAELLAND = "organisations/region-sjaelland"
SKAANE = "organisations/region-skaane"


async def claims(client: AsyncClient) -> dict[str, list[str]]:
    """The sentences that are kept as claims of the page, each with the records that it is about."""
    return {claim["quote"]: claim["about"] for claim in (await get(client, f"documents/{PAGE}"))["claims"]}


async def background(client: AsyncClient) -> list[str]:
    """The paragraphs that say why the project came about."""
    paragraphs: list[str] = (await get(client, PROJECT))["background"].split("\n\n")
    return paragraphs


def quotes(record: dict[str, Any], field: str) -> list[str]:
    """The words of the page from which a record has a field."""
    return [s["quote"] for s in record["sources"] if s["document"]["id"] == PAGE and field in s["fields"]]


async def test_the_page_and_its_heading(client: AsyncClient) -> None:
    """A Danish web page whose heading names the project and both regions; it has no day, no publisher, no address."""
    page = await get(client, f"documents/{PAGE}")
    assert page["title"] == (
        "Udvikling af de primære sundhedstjenester, Øresundsregionen - Region Skåne og Region Sjælland"
    )
    assert (page["kind"], page["language"]) == ("web_page", "da")
    assert [page[field] for field in ("publisher", "published", "updated", "url")] == [None] * 4
    project = await get(client, PROJECT)
    assert project["title"] == "Udvikling af de primære sundhedstjenester, Øresundsregionen"
    assert [area["region"]["id"] for area in project["areas"]] == ["dk-1085", "se-12"]
    assert quotes(project, "/areas") == ["Region Skåne og Region Sjælland"]


async def test_the_first_meeting_with_the_health_service(client: AsyncClient) -> None:
    """What the primary health services are in both countries, and who works in them."""
    meeting = (
        "De primære sundhedstjenester i Danmark og Sverige er typisk borgerens første møde med sundhedsvæsenet "
        "i tilfælde af sygdom eller mistanke om sygdom."
    )
    assert (await claims(client))[meeting] == [PROJECT]
    assert (await background(client))[0] == (
        f"{meeting} De udgør den del af sundhedsvæsenet, som ligger uden for hospitalerne, og som borgerne først og "
        "fremmest har kontakt med, det vil sige praktiserende læger, tandlæger, sundhedsplejersker og så videre."
    )


async def test_the_challenges_of_the_coming_years(client: AsyncClient) -> None:
    """Five of them, to be met with limited means; the pre-project will do something about them."""
    challenges = (await background(client))[1]
    assert challenges.startswith("I Danmark og Sverige står de primære sundhedstjenester i de kommende år over for")
    assert "fremkomsten af nye behandlingsmetoder og ny teknologi, nye sygdomme, " in challenges
    assert "stigende forventninger fra borgerne til kvalitet og service, " in challenges
    assert "udviklingen i tilgrænsende sektorer (kommuner og sygehuse) og lægemangel i yderområder. " in challenges
    assert "Disse udfordringer må forventes håndteret inden for begrænsede økonomiske rammer. " in challenges
    assert challenges.endswith("Dette vil forprojektet gøre noget ved.")
    project = await get(client, PROJECT)
    assert project["kind"] == "pre_project"
    assert project["aims"][0] == (
        "At gøre noget ved de udfordringer, som de primære sundhedstjenester står over for i de kommende år"
    )
    assert quotes(project, "/kind") == quotes(project, "/aims/0") == ["Dette vil forprojektet gøre noget ved."]


async def test_the_direction_that_the_politicians_of_both_regions_take(client: AsyncClient) -> None:
    """Continuity of treatment, treatment near by, quality."""
    direction = (
        "For politikerne i Region Sjælland og Region Skåne er retningen, at fremtidens sundhedsvæsen i højere grad "
        "lægger vægt på at sikre sammenhæng i behandlingen, flytte behandlingen til det nære sundhedsvæsen og sikre "
        "kvalitet."
    )
    assert (await claims(client))[direction] == [SJAELLAND, SKAANE]
    assert (await background(client))[2] == direction


async def test_value_for_the_citizens(client: AsyncClient) -> None:
    """The political heading in Region Sjælland alone, and the element that is looked into under it."""
    value = (
        "Politisk arbejdes der i Region Sjælland målrettet på udvikling af den primære sundhedstjeneste under "
        "overskriften ”værdi for borgerne”. Som et element heri undersøges ”andre måder at drive primærsektor på”."
    )
    assert (await claims(client))[value] == [SJAELLAND]
    assert (await background(client))[3] == value


async def test_the_model_of_skaane_and_the_study_visits(client: AsyncClient) -> None:
    """Several visits in 2012, of which neither number, place nor travellers are told, led to agreement to go on."""
    agreed = (
        "Den skånske model er blevet en stor inspirationskilde for Region Sjælland, og der er i forlængelse af flere "
        "studieture i 2012 enighed på politisk niveau om, at man vil udbygge samarbejdet mellem de to regioner."
    )
    assert (await claims(client))[agreed] == [SJAELLAND, SKAANE, PROJECT, "events/studieture-2012"]
    assert (await background(client))[4].startswith(f"{agreed} ")
    visits = await get(client, "events/studieture-2012")
    assert (visits["kind"], visits["title"]) == ("study_visit", "Flere studieture i 2012")
    assert visits["date"] == {"edtf": "2012", "earliest": "2012-01-01", "latest": "2012-12-31"}
    assert quotes(visits, "/date") == ["i forlængelse af flere studieture i 2012"]
    assert (visits["place"], visits["host"], visits["participants"]) == (None, None, [])
    of_the_year = await get(client, "events?date_from=2012-01-01&date_to=2012-12-31")
    assert [event["id"] for event in of_the_year["items"]] == ["studieture-2012"]


async def test_who_asks_for_closer_cooperation(client: AsyncClient) -> None:
    """The politicians of both regions, who watch the project and wish that the cooperation may grow."""
    wish = (
        "Det er således de to regioners politikere, som efterspørger et tættere samarbejde og der er stor politisk "
        "bevågenhed om projektet og ønske om, at samarbejdet kan udvikle sig på sigt."
    )
    assert (await claims(client))[wish] == [SJAELLAND, SKAANE, PROJECT]
    assert (await background(client))[4].endswith(f" {wish}")


async def test_what_the_project_contributes_and_how(client: AsyncClient) -> None:
    """By formal cooperation and an exchange of experience, both regions are better prepared for their choices."""
    project = await get(client, PROJECT)
    prepared = (
        "begge regioner står bedre rustet til at træffe de nødvendige valg for fremtiden om styring og udvikling af de "
        "primære sundhedstjenester"
    )
    assert project["summary"] == (
        "Projektet vil via etablering af et formaliseret samarbejde og udveksling af storskala-erfaringer mellem Skåne "
        f"og Sjælland medvirke til, at {prepared}."
    )
    assert project["aims"][1:] == [f"At {prepared}"]
    (words,) = quotes(project, "/aims/1")
    assert words.startswith("Projektet vil via etablering af et formaliseret samarbejde")


async def test_the_project_manager(client: AsyncClient) -> None:
    """Named as published; whose employee she is, the page does not say."""
    project = await get(client, PROJECT)
    assert [(contact["role"], contact["person"]) for contact in project["contacts"]] == [
        ("Projektleder", "Lise Åkerman")
    ]
    assert project["contacts"][0]["organisation"] is None
    assert quotes(project, "/contacts/0") == ["Projektleder: Lise Åkerman"]


async def test_the_sub_programme(client: AsyncClient) -> None:
    """Spelled the Swedish way; the page names no programme above it."""
    programme = await get(client, "funding/programmes/delprogram-oeresund")
    assert (programme["kind"], programme["name"]) == ("sub_programme", "Öresund")
    assert programme["parent"] is None
    assert quotes(programme, "/name") == ["Delprogram: Öresund"]


async def test_lead_partner_and_partner(client: AsyncClient) -> None:
    """Region Sjælland leads, Region Skåne takes part."""
    project = await get(client, PROJECT)
    assert project["lead"] == {"id": "region-sjaelland", "name": "Region Sjælland"}
    assert [(partner["organisation"]["name"], partner["role"]) for partner in project["partners"]] == [
        ("Region Sjælland", "lead_partner"),
        ("Region Skåne", "partner"),
    ]
    assert quotes(project, "/lead") == quotes(project, "/partners/0") == ["Lead Partner: Region Sjælland"]
    assert quotes(project, "/partners/1") == ["Projektpartnere: Region Skåne"]
    for question in ("lead=region-sjaelland", "partner=region-skaane", "region=se-12"):
        found = await get(client, f"initiatives?{question}")
        assert [item["id"] for item in found["items"] if item["kind"] == "pre_project"] == [project["id"]]


async def test_the_project_period(client: AsyncClient) -> None:
    """From 2013-07-01 to 2014-06-30, that day included; that it was completed, the page does not say."""
    project = await get(client, PROJECT)
    assert project["period"] == {"start": "2013-07-01", "end": "2014-07-01"}
    assert quotes(project, "/period") == ["Projektperiode: 2013-07-01 - 2014-06-30"]
    assert project["status"] is None
    for day, under_way in (("2013-06-30", 0), ("2013-07-01", 1), ("2014-06-30", 1), ("2014-07-01", 0)):
        found = await get(client, f"initiatives?partner=region-skaane&active=true&as_of={day}")
        assert len(found["items"]) == under_way


async def test_the_whole_budget(client: AsyncClient) -> None:
    """199,994 euros, exactly; what each partner pays is not told."""
    project = await get(client, PROJECT)
    assert project["budget"] == {"amount": 199994.00, "currency": "EUR"}
    assert quotes(project, "/budget") == ["Projektets samlede budget: 199.994 EUR"]
    assert [(partner["budget"], partner["contribution"]) for partner in project["partners"]] == [(None, None)] * 2


async def test_the_grant_from_erdf(client: AsyncClient) -> None:
    """99,994 euros awarded from ERUF to this project; when, to whom and of how much sought, the page does not say."""
    grant = await get(client, GRANT)
    assert grant["awarded"] == {"amount": 99994.00, "currency": "EUR"}
    assert grant["status"] == "awarded"
    assert grant["initiative"]["id"] == PROJECT.removeprefix("initiatives/")
    assert grant["programme"] == {"id": "delprogram-oeresund", "name": "Öresund"}
    assert (await get(client, "funding/programmes/delprogram-oeresund"))["fund"] == "ERUF"
    assert quotes(grant, "/awarded") == ["Bevilget støtte fra ERUF: 99.994 EUR"]
    assert (grant["award_date"], grant["sought"], grant["recipients"]) == (None, None, [])


async def test_amounts_are_written_to_the_cent(client: AsyncClient) -> None:
    """A number with two decimals, not a binary fraction."""
    assert '"amount" : 99994.00' in (await client.get(f"/v1/{GRANT}")).text
    assert '"amount" : 199994.00' in (await client.get(f"/v1/{PROJECT}")).text


async def test_all_that_the_page_states_has_its_words(client: AsyncClient) -> None:
    """Each source and claim with a quote and the day of reading; the manager's own address and number are left out."""
    page = await get(client, f"documents/{PAGE}")
    assert all(claim["quote"] for claim in page["claims"])
    assert {support["resource"]: support["count"] for support in page["supports"]} == {
        "events": 1,
        "funding/grants": 1,
        "funding/programmes": 1,
        "initiatives": 1,
    }
    for href in [f"/v1/documents?id={PAGE}", *(support["href"] for support in page["supports"])]:
        answer = await client.get(href)
        sources = [s for i in answer.json()["items"] for s in i["sources"] if s["document"]["id"] == PAGE]
        assert all(source["quote"] and source["read_on"] == "2026-11-22" for source in sources)
        assert "@" not in answer.text
        assert re.findall(r"\d\d(?: \d\d){3}", answer.text) == []
