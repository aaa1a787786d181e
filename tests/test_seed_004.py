"""Seed 004, two million kroner for the bridge to better health: each statement, from the headline to the contacts."""

import re
from typing import Any, Final

from httpx import AsyncClient

from tests.test_packaged import get

DOCUMENT: Final = "documents/pressemeddelelse-broen-2014"
PROGRAMME: Final = "initiatives/broen-til-bedre-sundhed"
PROJECT: Final = "initiatives/sammenhaengende-borgerforloeb-for-multibrugere"
GRANT: Final = "funding/grants/multibrugere-2014"
PARTNERSHIP: Final = "organisations/broen-til-bedre-sundhed"
MINISTRY: Final = "organisations/sundhedsministeriet"
REGION: Final = "organisations/region-sjaelland"


async def claims(client: AsyncClient) -> dict[str, list[str]]:
    """What the text says that no field holds: its own words, and the records that they are about."""
    return {claim["quote"]: claim["about"] for claim in (await get(client, DOCUMENT))["claims"]}


def quotes(record: dict[str, Any], pointer: str) -> list[str]:
    """The words in which the text states a field."""
    return [source["quote"] for source in record["sources"] if pointer in source["fields"]]


async def test_the_headline_and_its_day(client: AsyncClient) -> None:
    """A press release of Friday, 19 September 2014, made and updated on that day."""
    document = await get(client, DOCUMENT)
    assert document["title"] == "Sundhedsminister giver to millioner til Broen til bedre sundhed"
    assert (document["kind"], document["publisher"]) == ("press_release", "Region Sjælland")
    assert document["published"] == {"edtf": "2014-09-19", "earliest": "2014-09-19", "latest": "2014-09-19"}
    assert document["updated"] == document["published"]


async def test_citizens_help_to_find_the_solution(client: AsyncClient) -> None:
    """Great users of the health service from Lolland and Falster; a better life, and resources put to better use."""
    part = await get(client, PROJECT)
    assert part["summary"] == (
        "En gruppe borgere fra Lolland og Falster, der er storforbrugere af sundhedstilbud, skal selv være med til at "
        "finde frem til en løsning, så de oplever mere sammenhæng og får et bedre liv - og det offentlige bruger de "
        "massive ressourcer mere konstruktivt."
    )
    assert quotes(part, "/summary") == [part["summary"]]


async def test_the_minister_has_granted_two_million(client: AsyncClient) -> None:
    """In kroner, from a pool to reduce inequality in health; "netop" is no date."""
    grant = await get(client, GRANT)
    assert grant["awarded"] == {"amount": 2000000.00, "currency": "DKK"}
    assert (grant["status"], grant["funder"]["name"]) == ("awarded", "Sundhedsministeriet")
    assert (grant["award_date"], grant["sought"], grant["conditional"]) == (None, None, None)
    assert quotes(grant, "/awarded") == [
        "netop har bevilget to millioner kroner til, fra en pulje til at reducere ulighed i sundhed"
    ]
    pool = await get(client, f"funding/programmes/{grant['programme']['id']}")
    assert (pool["kind"], pool["name"]) == ("pool", "Pulje til at reducere ulighed i sundhed")
    assert (pool["decided_by"]["name"], pool["decided_by_office"]) == ("Sundhedsministeriet", "sundhedsminister")
    assert (pool["frame"], pool["period"]) == (None, None), "nothing is said of either"
    ministry = await get(client, MINISTRY)
    held = {(o["title"], o["person"], o["party"], o["held_on"]) for o in ministry["offices"]}
    assert ("sundhedsminister", "Nick Hækkerup", None, "2014-09-19") in held


async def test_the_money_goes_to_two(client: AsyncClient) -> None:
    """The region and the partnership, who are to develop a new model."""
    grant = await get(client, GRANT)
    both = ["Region Sjælland", "Broen til bedre sundhed"]
    assert [recipient["organisation"]["name"] for recipient in grant["recipients"]] == both
    assert quotes(grant, "/recipients") == [
        "Pengene er givet til Region Sjælland og partnerskabet ”Broen til bedre sundhed”"
    ]
    part = await get(client, PROJECT)
    assert [(p["organisation"]["name"], p["role"]) for p in part["partners"]] == [(name, "partner") for name in both]
    assert part["aims"][0] == (
        "Udvikle en ny model til at skabe sammenhæng for borgere, der er multi-brugere af social- og sundhedssystemet"
    )


async def test_about_one_per_cent_use_up_to_thirty(client: AsyncClient) -> None:
    """A claim of the text, which is as vague as it was made."""
    said = await claims(client)
    assert said["cirka en procent af borgerne bruger op mod 30 procent af sundhedsudgifterne"] == [PROGRAMME, PROJECT]
    part = await get(client, PROJECT)
    assert part["background"] == (
        "Undersøgelser har vist, at cirka en procent af borgerne bruger op mod 30 procent af sundhedsudgifterne."
    )


async def test_a_new_model_for_the_one_per_cent(client: AsyncClient) -> None:
    """By the partnership, whose name is written otherwise in this sentence."""
    part = await get(client, PROJECT)
    assert part["aims"][1] == (
        "Udvikle en ny model for sammenhængende sundhedstilbud for borgere på Lolland og Falster, der hører til den "
        "ene procent"
    )
    partnership = await get(client, PARTNERSHIP)
    assert partnership["name"] == "Broen til bedre sundhed"
    assert [variant["name"] for variant in partnership["name_variants"]] == ["Broen for bedre sundhed"]
    assert quotes(partnership, "/name_variants/0") == ["partnerskabet bag ”Broen for bedre sundhed”"]


async def test_a_new_and_groundbreaking_method(client: AsyncClient) -> None:
    """Says the chief of health services of the region; the system is to fit the citizens."""
    region = await get(client, REGION)
    held = {(o["title"], o["person"], o["held_on"]) for o in region["offices"]}
    assert ("sundhedsfaglig chef, overlæge", "Preben Cramon", "2014-09-19") in held
    assert "siger sundhedsfaglig chef, overlæge Preben Cramon, Region Sjælland" in quotes(region, "/offices/1")
    said = await claims(client)
    assert said[
        "en ny og banebrydende måde at samarbejde med denne gruppe af borgere på, så vi kan ommøblere velfærden og "
        "reducere uligheden i sundheden"
    ] == [PROJECT]
    assert said["Systemet skal indrettes efter borgernes behov frem for det omvendte."] == [PROJECT]


async def test_a_gain_for_the_patient_first_and_then_for_the_public(client: AsyncClient) -> None:
    """Developed with citizens and their relatives, in direct dialogue with those who use many services."""
    said = await claims(client)
    assert said["Indsatsen vil blive udviklet i et tæt samarbejde med borgerne og deres pårørende."] == [PROJECT]
    assert said[
        "Vi går i direkte dialog med de borgere, der er storforbrugere af sundhedsydelser – sygehuse, praktiserende "
        "læge, hjemmepleje – og af sociale ydelser"
    ] == [PROJECT]
    part = await get(client, PROJECT)
    assert part["aims"][2] == (
        "Finde ud af, hvordan man kan finde en løsning for den enkelte borger, hvor de massive ressourcer bliver brugt "
        "på en måde, så borgeren oplever mere sammenhæng og får et bedre liv"
    )
    assert part["aims"][3] == (
        "Først og fremmest en gevinst for den enkelte patient og de pårørende, og dernæst for det offentlige"
    )
    (gain,) = quotes(part, "/aims/3")
    assert gain.startswith("Det skal først og fremmest være en gevinst for den enkelte patient og de pårørende")


async def test_from_five_to_fifteen_hundred_citizens(client: AsyncClient) -> None:
    """Five first, then larger and larger groups; the estimate of 1,000 to 1,500 stays a range."""
    part = await get(client, PROJECT)
    assert [(stage["name"], stage["persons_min"], stage["persons_max"]) for stage in part["stages"]] == [
        ("Afprøvning af metoden i samarbejde med fem borgere", 5, 5),
        ("Større og større grupper af multi-brugere", None, None),
    ]
    (group,) = part["target_groups"]
    assert (group["persons_min"], group["persons_max"]) == (1000, 1500)
    assert group["description"] == (
        "Den samlede målgruppe i Lolland og Guldborgsund kommuner skønnes at udgøre 1000-1500 mennesker."
    )
    assert [area["municipality"]["id"] for area in part["areas"]] == ["dk-0360", "dk-0376"]


async def test_the_patient_as_a_partner(client: AsyncClient) -> None:
    """The method agrees with a political vision of the region, of which its chair speaks."""
    region = await get(client, REGION)
    held = {(o["title"], o["person"], o["held_on"]) for o in region["offices"]}
    assert ("regionsrådsformand", "Jens Stenbæk", "2014-09-19") in held
    said = await claims(client)
    assert said[
        "Metoden falder helt i tråd med den politiske vision i Region Sjælland om ”Patienten som partner”."
    ] == [REGION, PROJECT]
    assert said["Vi vil netop gerne bruge patienterne som aktive partnere i udviklingen af vores sundhedsvæsen."] == [
        REGION
    ]
    assert said[
        "Uden at inddrage borgerne tror jeg slet ikke, at vi kan bryde det negative mønster med ulighed i sundhed"
    ] == [REGION, PROJECT]


async def test_jens_stenbaek_thanks_the_minister(client: AsyncClient) -> None:
    """For backing a project with two municipalities, in which he has shown interest since he took office."""
    said = await claims(client)
    assert said[
        "Jeg vil gerne sige tak til sundhedsminister Nick Hækkerup for opbakningen til vores store udviklingsprojektet "
        "i samarbejde med Lolland og Guldborgsund kommuner."
    ] == [PROGRAMME, MINISTRY, "organisations/lolland-kommune", "organisations/guldborgsund-kommune"]
    assert said[
        "Lige fra sin tiltræden som sundhedsminister har Nick Hækkerup vist interesse for, hvordan Broen til bedre "
        "sundhed kan gøre op med uligheden i sundhed"
    ] == [PROGRAMME, MINISTRY]
    whole = await get(client, PROGRAMME)
    assert [area["municipality"]["name"] for area in whole["areas"]] == ["Lolland", "Guldborgsund"]
    assert quotes(whole, "/areas") == ["i samarbejde med Lolland og Guldborgsund kommuner"]


async def test_facts_vision_and_aims(client: AsyncClient) -> None:
    """One vision, three aims in order."""
    whole = await get(client, PROGRAMME)
    assert whole["vision"] == "Lighed i sundhed gennem målrettede indsatser"
    assert whole["aims"] == ["Flere raske", "Mere kvalitet", "Bedre økonomi"]
    assert quotes(whole, "/aims") == ["Målsætning: Flere raske, mere kvalitet og bedre økonomi."]


async def test_facts_the_largest_partnership_of_its_kind(client: AsyncClient) -> None:
    """As the text has it, for which the register does not vouch."""
    largest = (
        "Det er Danmarks største partnerskabsaftale i forhold til reduktion af ulighed i sundhed, hvor kommuner, "
        "sygehus, praktiserende læger og lokalsamfund står sammen."
    )
    assert (await claims(client))[largest] == [PARTNERSHIP]
    assert largest in (await get(client, PROGRAMME))["summary"]


async def test_facts_seven_members(client: AsyncClient) -> None:
    """In the order of the text, which says nothing of when they joined."""
    partnership = await get(client, PARTNERSHIP)
    assert partnership["kind"] == "partnership"
    seven = partnership["members"][:7]
    assert [(member["organisation"]["id"], member["organisation"]["name"]) for member in seven] == [
        ("lolland-kommune", "Lolland Kommune"),
        ("guldborgsund-kommune", "Guldborgsund Kommune"),
        ("nykoebing-f-sygehus", "Nykøbing F. Sygehus"),
        ("psykiatrien", "Psykiatrien"),
        ("business-lolland-falster", "Business Lolland-Falster"),
        ("praktiserende-laegers-organisation", "Praktiserende Lægers Organisation"),
        ("region-sjaelland", "Region Sjælland"),
    ]
    assert {(member["period"], member["stated"]) for member in seven} == {(None, None)}
    assert quotes(partnership, "/members/0") == quotes(partnership, "/members/6")
    assert quotes(partnership, "/members/0")[0].startswith("Partnerskabet består af Lolland Kommune, Guldborgsund")
    assert (await get(client, "organisations/nykoebing-f-sygehus"))["kind"] == "hospital"
    page = await get(client, "organisations?member=lolland-kommune")
    assert [item["id"] for item in page["items"]] == ["broen-til-bedre-sundhed"]


async def test_facts_a_programme_of_many_years_and_its_sub_project(client: AsyncClient) -> None:
    """A fan of efforts; the ministry's two million go to one project in it."""
    whole = await get(client, PROGRAMME)
    assert whole["kind"] == "programme"
    assert whole["summary"].startswith("Et mange-årigt udviklingsprojekt med en vifte af indsatser.")
    assert (whole["period"], whole["status"], whole["budget"]) == (None, None, None)
    (child,) = whole["children"]
    part = await get(client, f"initiatives/{child['id']}")
    assert (part["kind"], part["parent"]["name"]) == ("sub_project", "Broen til bedre sundhed")
    assert part["title"] == "Sammenhængende borgerforløb for multibrugere af social- og sundhedsydelser"
    grant = await get(client, GRANT)
    assert grant["initiative"] == child
    assert quotes(grant, "/initiative") == ["Sundhedsministeriets to millioner kroner går til projektet"]


async def test_whom_the_press_may_ask(client: AsyncClient) -> None:
    """Two persons by office, without their mobile numbers, and the region's press line with its address."""
    part = await get(client, PROJECT)
    assert [(contact["role"], contact["person"], contact["phone"]) for contact in part["contacts"]] == [
        ("Sundhedsfaglig chef, overlæge; kontakt for pressen", "Preben Cramon", None),
        ("Regionsrådsformand; kontakt for pressen", "Jens Stenbæk", None),
    ]
    assert {contact["organisation"]["name"] for contact in part["contacts"]} == {"Region Sjælland"}
    assert quotes(part, "/contacts/1/organisation") == ["siger regionrådsformand Jens Stenbæk"]
    points = {point["name"]: point for point in (await get(client, REGION))["contact_points"]}
    assert points["Pressevagt"] == {
        "name": "Pressevagt",
        "street": "Alléen 15",
        "postal_code": "4180",
        "town": "Sorø",
        "phone": "+45 57 87 50 52",
        "email": None,
    }
    document = await client.get(f"/v1/{DOCUMENT}")
    for text in (document.text, *[(await client.get(s["href"])).text for s in document.json()["supports"]]):
        numbers = set(re.findall(r"(?:\+45 )?(\d\d \d\d \d\d \d\d)", text))
        assert numbers <= {"57 87 50 52", "57 87 57 87"}, "the press line and the switchboard, no mobile numbers"
