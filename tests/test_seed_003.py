"""Seed 003, the conference on Region Syddanmark's health plan: each statement, from the headline to the contacts."""

import re
from typing import Any, Final

from httpx import AsyncClient

from tests.test_packaged import get

CONFERENCE: Final = "events/konference-sundhedsplan-syddanmark"
DOCUMENT: Final = "documents/konference-sundhedsplan-syddanmark"
PLAN: Final = "plans/sundhedsplan-syddanmark"
VISION: Final = "health-agreements/politisk-vision-syddanmark"
LAW: Final = "documents/sundhedsloven"
REGION: Final = "organisations/region-syddanmark"
CONTACT_COUNCIL: Final = "organisations/kkr-syddanmark"
COMMITTEE: Final = "organisations/sundhedskoordinationsudvalget-syddanmark"


async def claims(client: AsyncClient) -> dict[str, list[str]]:
    """What the text says that no field holds: its own words, and the records that they are about."""
    return {claim["quote"]: claim["about"] for claim in (await get(client, DOCUMENT))["claims"]}


def offices(organisation: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Who holds which office, for which party."""
    return [(office["title"], office["person"], office["party"]) for office in organisation["offices"]]


def quotes(record: dict[str, Any], pointer: str) -> list[str]:
    """The words in which the text states a field."""
    return [source["quote"] for source in record["sources"] if pointer in source["fields"]]


async def test_the_headline_and_no_day(client: AsyncClient) -> None:
    """The title as printed; neither a day nor a publisher is."""
    document = await get(client, DOCUMENT)
    assert document["title"] == "Konference styrker samarbejde om borgernes sundhed"
    assert (document["kind"], document["language"]) == ("web_page", "da")
    assert document["published"] is None
    assert document["updated"] is None
    assert document["publisher"] is None


async def test_the_question_that_is_central(client: AsyncClient) -> None:
    """How to join the health service up better; the region gathers those who matter to it."""
    conference = await get(client, CONFERENCE)
    assert conference["themes"] == [
        "Hvordan bliver vi endnu bedre til at skabe sammenhænge i sundhedsvæsenet for borgerne i Region Syddanmark?"
    ]
    assert quotes(conference, "/themes")[0].endswith("Det spørgsmål er helt centralt")
    assert conference["summary"] == (
        "Region Syddanmark samler centrale aktører på sundhedsområdet til en konference om sundhedsplanen."
    )


async def test_the_region_hosts_a_conference_in_fredericia(client: AsyncClient) -> None:
    """Place, host and the plan that it is about; "i dag" is no date, and none is guessed."""
    conference = await get(client, CONFERENCE)
    assert (conference["kind"], conference["place"], conference["date"]) == ("conference", "Fredericia", None)
    assert conference["host"] == {"id": "region-syddanmark", "name": "Region Syddanmark"}
    assert conference["plan"] == {"id": "sundhedsplan-syddanmark", "name": "Region Syddanmarks sundhedsplan"}
    assert quotes(conference, "/place") == [
        "Region Syddanmark er i dag vært ved en konference i Fredericia om regionens sundhedsplan."
    ]
    undated = await get(client, "events?dated=false")
    assert [event["id"] for event in undated["items"]] == [conference["id"]]
    dated = await get(client, "events?date_from=1900-01-01")
    assert conference["id"] not in [event["id"] for event in dated["items"]]


async def test_what_a_health_plan_describes(client: AsyncClient) -> None:
    """By law the whole effort: hospitals, the practice sector, and the agreements with the municipalities."""
    said = await claims(client)
    assert said["En sundhedsplan skal, ifølge sundhedsloven, beskrive regionens samlede sundhedsindsats."] == [
        PLAN,
        LAW,
    ]
    plan = await get(client, PLAN)
    assert (plan["kind"], plan["organisation"]["name"]) == ("health_plan", "Region Syddanmark")
    assert "blandt andet regionens planlægning af sygehuse og praksissektor" in plan["summary"]
    assert "de aftaler, regionsrådet har indgået med kommunerne – de såkaldte sundhedsaftaler" in plan["summary"]


async def test_the_groups_that_take_part(client: AsyncClient) -> None:
    """Seven, in the order of the text; how many persons is not said."""
    participants = (await get(client, CONFERENCE))["participants"]
    assert [group["described_as"] for group in participants[:7]] == [
        "borgmestre",
        "udvalgsformænd",
        "ledende embedsmænd fra kommunerne i Region Syddanmark",
        "repræsentanter fra praksissektoren",
        "regionsrådsmedlemmer",
        "sygehusledelserne",
        "ledende embedsmænd i Region Syddanmark",
    ]
    assert {(p["count_min"], p["count_max"]) for p in participants} == {(None, None)}


async def test_carl_holst_says_what_the_region_wants(client: AsyncClient) -> None:
    """The chair of the regional council, for V: the plan is to mind what joins hospital, municipality and practice."""
    region = await get(client, REGION)
    assert offices(region)[0] == ("regionsrådsformand", "Carl Holst", "V")
    assert "siger regionsrådsformand Carl Holst (V)." in quotes(region, "/offices/0")
    said = await claims(client)
    assert said[
        "Med konferencen i dag ønsker regionen at styrke og udvikle samarbejdet mellem aktørerne, så vi sikrer, at "
        "regionens sundhedsplan for hvordan vi skal tilrettelægge arbejdet på sundhedsområdet i endnu højere grad "
        "fokuserer på sammenhænge i indsatsen mellem sygehus, kommune og praksissektoren."
    ] == [CONFERENCE, PLAN, REGION]
    assert said[
        "Det kan ikke siges tydeligt nok, at vi politisk lægger stor vægt på samarbejdet mellem sektorerne i "
        "sundhedsvæsenet for borgernes skyld"
    ] == [REGION]


async def test_the_mayor_of_vejen_also_chairs_the_contact_council(client: AsyncClient) -> None:
    """One person with two offices, for V, and one of the mayors who take part."""
    vejen, council = await get(client, "organisations/vejen-kommune"), await get(client, CONTACT_COUNCIL)
    assert (vejen["municipality"]["name"], offices(vejen)) == ("Vejen", [("borgmester", "Egon Fræhr", "V")])
    assert (council["kind"], council["name"]) == ("council", "Kommunekontaktrådet i Region Syddanmark")
    assert offices(council) == [("formand", "Egon Fræhr", "V")]
    both = "Vejens borgmester Egon Fræhr (V), der også er formand for Kommunekontaktrådet i Region Syddanmark."
    assert both in quotes(vejen, "/offices/0")
    assert both in quotes(council, "/offices")
    mayor = (await get(client, CONFERENCE))["participants"][7]
    assert (mayor["organisation"]["name"], mayor["role"]) == ("Vejen Kommune", "deltager ved borgmester Egon Fræhr")
    attended = await get(client, "events?participant=vejen-kommune")
    assert [event["id"] for event in attended["items"]] == ["konference-sundhedsplan-syddanmark"]


async def test_egon_fraehr_says_what_the_municipalities_want(client: AsyncClient) -> None:
    """Close cooperation, because their part grows as hospitals discharge sooner; dialogue on who does how much."""
    said = await claims(client)
    assert said["Kommunerne er naturligvis interesserede i et tæt samarbejde med regionen om sundhedsvæsenet."] == [
        CONTACT_COUNCIL,
        REGION,
    ]
    assert said[
        "Det er jo et sundhedsvæsen, hvor kommunernes rolle bliver større og større i takt med, at sygehusene "
        "udskriver borgerne hurtigere og hurtigere."
    ] == [CONTACT_COUNCIL, REGION]
    assert said[
        "Den voksende rolle for det nære sundhedsvæsen i kommunerne betyder derfor, at kommunerne meget gerne indgår i "
        "dialog med regionen om, hvordan sektorernes aktivitet og kapacitet påvirker hinanden"
    ] == [CONTACT_COUNCIL, REGION]


async def test_poul_erik_svendsen_introduces_the_work(client: AsyncClient) -> None:
    """The chair of the council's health committee; his party stands among the contacts alone."""
    committee = await get(client, "organisations/sundhedsudvalget-region-syddanmark")
    assert (committee["kind"], committee["name"]) == ("committee", "Regionsrådets sundhedsudvalg, Region Syddanmark")
    assert offices(committee) == [("formand", "Poul-Erik Svendsen", "S")]
    (in_the_text,) = quotes(committee, "/offices/0/person")
    assert "giver Poul-Erik Svendsen, formand for regionsrådets sundhedsudvalg, en introduktion" in in_the_text
    assert "(S)" not in in_the_text
    introduction = (await get(client, CONFERENCE))["participants"][8]
    assert introduction["organisation"]["id"] == committee["id"]
    assert introduction["role"] == (
        "formanden, Poul-Erik Svendsen, giver en introduktion til arbejdet med sundhedsplanen og nogle af de mange "
        "aspekter af sammenhænge i sundhedsvæsenet"
    )


async def test_poul_erik_svendsen_says_what_citizens_tell(client: AsyncClient) -> None:
    """Good and bad experiences, and one theme that returns; the plan shows the direction, in dialogue."""
    said = await claims(client)
    assert said[
        "Som regionsrådsmedlemmer får vi ofte henvendelser fra borgere, der fortæller om både gode og dårlige "
        "oplevelser i sundhedsvæsenet."
    ] == [REGION]
    assert said[
        "Og et af de temaer, der går igen, er, at der skal være sammenhæng i den information, behandling, "
        "genoptræning og forebyggelse vi tilbyder."
    ] == [REGION]
    assert said["Sundhedsplanen er med til at vise retningen for udviklingen af vores fælles sundhedsvæsen."] == [PLAN]
    assert said[
        "Derfor er det vigtigt, at vi er i tæt dialog med vores samarbejdsparter om de ting, der har betydning for "
        "patienternes oplevelse af behandlingsindsatsen."
    ] == [REGION]


async def test_the_committee_in_which_region_and_municipalities_cooperate(client: AsyncClient) -> None:
    """Binding and political; it joins the sectors up and drafts the statutory agreements with 22 municipalities."""
    said = await claims(client)
    assert said[
        "Politisk bliver der allerede gjort et stort arbejde for at fremme sammenhænge mellem aktørerne i "
        "sundhedsvæsenet."
    ] == [REGION]
    committee = await get(client, COMMITTEE)
    assert (committee["kind"], committee["name"]) == ("committee", "Sundhedskoordinationsudvalget i Region Syddanmark")
    municipalities, region = committee["members"]
    assert (municipalities["described_as"], region["organisation"]["name"]) == ("kommunerne", "Region Syddanmark")
    assert {member["seats"] for member in committee["members"]} == {None}, "how many seats each has is not said"
    (binding,) = quotes(committee, "/members")
    assert "et forpligtende politisk samarbejde mellem kommunerne og regionen" in binding
    assert said[binding] == [COMMITTEE]
    assert said["Udvalget skal blandt andet arbejde for at styrke indsatsen for sammenhæng mellem sektorerne"] == [
        COMMITTEE
    ]
    assert said["det har ansvaret for at udfærdige udkastet til de lovpligtige sundhedsaftaler"] == [COMMITTEE]
    assert said["de lovpligtige sundhedsaftaler, som regionen indgår med de 22 kommuner"] == [REGION]
    assert (await get(client, "municipalities?region=dk-1083&count=true&limit=1"))["total"] == 22


async def test_bo_libergren_says_how_the_cooperation_goes(client: AsyncClient) -> None:
    """Well, with a shared political vision that obliges, and with challenges left."""
    committee = await get(client, COMMITTEE)
    assert offices(committee) == [("formand", "Bo Libergren", "V")]
    assert quotes(committee, "/offices") == [
        "siger Bo Libergren (V), formand for Sundhedskoordinationsudvalget i Region Syddanmark."
    ]
    said = await claims(client)
    assert said["I Region Syddanmark har vi et meget velfungerende samarbejde mellem sektorerne."] == [
        REGION,
        COMMITTEE,
    ]
    assert said[
        "Der er solid politisk opbakning, hvilket blandt andet er udtrykt i en fælles politisk vision for "
        "samarbejdet, hvor parterne er enige om ambitiøse målsætninger"
    ] == [VISION]
    assert said[
        "hvor vi forpligter os til at arbejde målrettet med at styrke de sammenhængende patientforløb og kvaliteten i "
        "indsatserne"
    ] == [VISION]
    assert said[
        "Selvom vi er nået rigtig langt, er der dog stadig udfordringer at tage fat på, men fundamentet er godt, og "
        "der arbejdes løbende på at skabe endnu bedre løsninger og fælles indsatser"
    ] == [REGION, COMMITTEE]


async def test_consultation_to_summer_and_adoption_in_autumn(client: AsyncClient) -> None:
    """Announced, of no stated year; so nothing is known to have happened."""
    plan = await get(client, PLAN)
    consultation, adoption = plan["milestones"]
    assert (consultation["kind"], consultation["note"]) == ("consultation_opened", "»til sommer«, i en udateret tekst")
    assert (adoption["kind"], adoption["note"]) == (
        "adopted",
        "»i efteråret«, endeligt af regionsrådet, i en udateret tekst",
    )
    assert {(step["announced"], step["date"]) for step in plan["milestones"]} == {(True, None)}
    (announcement,) = quotes(plan, "/milestones")
    assert announcement == (
        "Region Syddanmark sender sundhedsplanen i høring til sommer, inden regionsrådet endelig vedtager "
        "sundhedsplanen i efteråret."
    )
    assert (plan["status"], plan["period"]) == (None, None)


async def test_facts_about_the_plan(client: AsyncClient) -> None:
    """The regional council's frame, which gathers the planning and the agreements."""
    plan = await get(client, PLAN)
    assert plan["summary"].startswith(
        "Region Syddanmarks sundhedsplan er regionsrådets ramme om indsatsen på sundhedsområdet."
    )
    assert (
        "Sundhedsplanen samler de mange tråde, der er i et moderne sundhedsvæsen, og beskriver både regionens konkrete "
        "sundhedsplanlægning samt de aftaler regionen har indgået på sundhedsområdet, f.eks. sundhedsaftalerne."
    ) in plan["summary"]


async def test_facts_about_the_agreements(client: AsyncClient) -> None:
    """The law demands them of the region and all its municipalities; they say how these work together."""
    said = await claims(client)
    assert said[
        "Sundhedsloven foreskriver, at der skal indgås sundhedsaftaler mellem region og alle kommuner i regionen."
    ] == [LAW, REGION]
    how = "Sundhedsaftalerne beskriver hvordan region og kommuner konkret samarbejder på en række områder."
    assert said[how] == [REGION]


async def test_facts_about_the_vision(client: AsyncClient) -> None:
    """Shared and political, beside the statutory agreements, to strengthen courses of treatment across the sectors."""
    vision = await get(client, VISION)
    assert (vision["kind"], vision["region"]["name"]) == ("political_vision", "Region Syddanmark")
    (beside,) = quotes(vision, "/kind")
    assert beside.startswith("I Region Syddanmark har man, udover de lovpligtige sundhedsaftaler, også valgt")
    assert (vision["nominal"], vision["period"], vision["status"]) == (None, None, None)
    purpose = (
        "en fælles politisk vision, som skal styrke samarbejdet omkring patientforløb som går på tværs af sektorerne"
    )
    assert (await claims(client))[purpose] == [VISION]


async def test_the_contacts_name_offices_and_parties(client: AsyncClient) -> None:
    """Five persons, four with a party; on which day they held their offices is not said."""
    contacts = {
        REGION: "Regionsrådsformand Region Syddanmark Carl Holst (V)",
        "organisations/sundhedsudvalget-region-syddanmark": (
            "Formand for sundhedsudvalget Poul-Erik Svendsen (S), Region Syddanmark"
        ),
        "organisations/vejen-kommune": "Borgmester i Vejen Kommune, Egon Fræhr (V)",
    }
    for path, line in contacts.items():
        organisation = await get(client, path)
        assert line in quotes(organisation, "/offices/0")
        assert {(office["held_on"], office["period"]) for office in organisation["offices"]} == {(None, None)}
    region = await get(client, REGION)
    assert offices(region)[1] == ("sundhedsdirektør", "Jens Elkjær", None)
    assert quotes(region, "/offices/1") == ["Sundhedsdirektør Jens Elkjær, Region Syddanmark"]


async def test_the_contacts_name_the_committee_otherwise(client: AsyncClient) -> None:
    """Whether *sundhedssamordningsudvalget* is the same body, the text does not say; both statements stay."""
    other = await get(client, "organisations/sundhedssamordningsudvalget-syddanmark")
    assert (other["kind"], other["name"]) == ("committee", "Sundhedssamordningsudvalget")
    assert offices(other) == offices(await get(client, COMMITTEE)) == [("formand", "Bo Libergren", "V")]
    assert quotes(other, "/offices") == ["Formand for sundhedssamordningsudvalget, Bo Libergren (V), Region Syddanmark"]
    assert (other["members"], other["name_variants"]) == ([], [])


async def test_mobile_numbers_are_left_out(client: AsyncClient) -> None:
    """No record that rests on the text repeats one, not even in a quote."""
    document = await client.get(f"/v1/{DOCUMENT}")
    for text in (document.text, *[(await client.get(s["href"])).text for s in document.json()["supports"]]):
        assert not re.search(r"mobil |\b\d{4} \d{4}\b", text)
