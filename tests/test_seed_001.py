"""The second seed: a web page on nearby health care in Region Sjælland, sentence by sentence, from top to bottom."""

from typing import Any

from httpx import AsyncClient

from tests.test_packaged import get

PAGE = "naert-sundhedsvaesen-sjaelland"
STRATEGY = "plans/sundhed-taet-paa-dig"
AGREEMENT = "health-agreements/sundhedsaftale-sjaelland-2019"
COMMITTEE = "organisations/sundhedskoordinationsudvalget-sjaelland"
REGION = "organisations/region-sjaelland"


async def claims(client: AsyncClient) -> dict[str, list[str]]:
    """The sentences that are kept as claims of the page, each with the records that it is about."""
    return {claim["quote"]: claim["about"] for claim in (await get(client, f"documents/{PAGE}"))["claims"]}


def quotes(record: dict[str, Any], field: str) -> list[str]:
    """The words of the page from which a record has a field."""
    return [s["quote"] for s in record["sources"] if s["document"]["id"] == PAGE and field in s["fields"]]


async def test_the_page_its_heading_and_its_days(client: AsyncClient) -> None:
    """A page of the region in Danish, made on 2016-05-17 and updated on 2022-01-06; its link is printed empty."""
    page = await get(client, f"documents/{PAGE}")
    assert page["title"] == "5.1 Udvikling af det nære sundhedsvæsen"
    assert (page["kind"], page["publisher"], page["language"]) == ("web_page", "Region Sjælland", "da")
    assert page["published"] == {"edtf": "2016-05-17", "earliest": "2016-05-17", "latest": "2016-05-17"}
    assert page["updated"] == {"edtf": "2022-01-06", "earliest": "2022-01-06", "latest": "2022-01-06"}
    assert page["url"] is None


async def test_health_care_moves_closer_to_everyday_life(client: AsyncClient) -> None:
    """From the strategy, with knowledge for citizens and partners, and room for the hospitals to specialise."""
    said = await claims(client)
    closer = "Region Sjælland flytter i disse år sundhedsvæsenet tættere på den enkelte borgers hverdagsliv."
    assert said[closer] == [REGION]
    basis = (
        "Udviklingen sker med afsæt i strategien ”Sundhed tæt på dig – Region Sjællands strategi for et nært og "
        "sammenhængende sundhedsvæsen”."
    )
    assert said[basis] == [REGION, STRATEGY]
    knowledge = "Sundhedsfaglig viden og kompetencer stilles til rådighed for borgere og samarbejdspartnere."
    assert said[knowledge] == [REGION]
    room = (
        "Ved at flytte den mindre komplicerede behandling tættere på borgerne, skabes samtidig rum for yderligere "
        "specialisering og højere kvalitet på sygehusene."
    )
    assert said[room] == [REGION]


async def test_the_strategy_and_what_it_focuses_on(client: AsyncClient) -> None:
    """Region Sjælland's strategy, on what the region itself is responsible for; since when, the page does not say."""
    strategy = await get(client, STRATEGY)
    assert (strategy["kind"], strategy["organisation"]["name"]) == ("strategy", "Region Sjælland")
    assert strategy["title"] == (
        "Sundhed tæt på dig – Region Sjællands strategi for et nært og sammenhængende sundhedsvæsen"
    )
    focus = "Strategien fokuserer på de dele af det nære sundhedsvæsen, som regionen har ansvaret for."
    assert strategy["summary"] == focus
    assert quotes(strategy, "/summary") == [focus]
    assert (strategy["period"], strategy["milestones"], strategy["status"]) == (None, [], None)


async def test_the_aim_and_what_follows_from_it(client: AsyncClient) -> None:
    """Treatment that fits into everyday life, at home, with help to recover and to avoid relapses."""
    said = await claims(client)
    aim = (
        "Målet er, at Regionen kan tilbyde behandlingsforløb, der kan passes ind i hverdagen, og som gør det lettere "
        "at leve med sygdom."
    )
    at_home = (
        "Derfor skal en del af behandlingen ud i borgerens hjem, hvor de skal støttes af regionens sundhedsfaglige "
        "specialister, i samarbejde med praksissektoren og kommuner."
    )
    recovery = (
        "Samtidigt hjælpes patienten til at komme sig hurtigere og være bedre rustet efter behandlingen, så risikoen "
        "for tilbagefald, følgesygdomme og komplikationer mindskes."
    )
    assert said[aim] == said[at_home] == said[recovery] == [REGION]


async def test_with_whom_the_region_develops_nearby_health_care(client: AsyncClient) -> None:
    """Municipalities, the practice sector, companies, voluntary organisations and citizens."""
    together = (
        "Region Sjælland udvikler det nære sundhedsvæsen i et tættere samarbejde med kommuner, praksissektor, private "
        "virksomheder, frivillige organisationer og borgere i regionen."
    )
    assert (await claims(client))[together] == [REGION]


async def test_what_the_six_principles_are_for(client: AsyncClient) -> None:
    """Direction and consistent decisions, in the years in which the strategy is carried out."""
    said = await claims(client)
    assert said["baseres på seks principper, som skal sikre retning og konsistente beslutninger"] == [STRATEGY]
    purpose = "Formålet er at sikre samlet retning og konsistens i de kommende års arbejde med at realisere strategien."
    assert said[purpose] == [STRATEGY]
    strategy = await get(client, STRATEGY)
    (words,) = quotes(strategy, "/title")
    assert words.startswith(f"”{strategy['title']}” baseres på seks principper")
    assert len(strategy["principles"]) == 6


async def test_the_six_principles(client: AsyncClient) -> None:
    """In their order and in their own words; they are the strategy's, each with its number on the page."""
    strategy = await get(client, STRATEGY)
    one, two, three, four, five, six = ((p["title"], p["text"]) for p in strategy["principles"])
    assert one == ("Nærhed og tilgængelighed", "Det, der kan leveres nært, skal leveres nært.")
    assert two == (
        "Digitale rettigheder",
        "Borgere, som kan og vil, har rettigheden til at vælge digital service.",
    )
    assert three == (
        "Forandringer, hvor de skaber forbedringer",
        (
            "Fremtidens borgernære sundhedsløsninger testes løbende, og forandringer implementeres bredt, hvor det har "
            "dokumenteret positiv effekt."
        ),
    )
    assert four == (
        "Mest mulig sundhed for pengene",
        (
            "Sundhedsfaglige ressourcer bruges til i at levere nære sundhedsydelser. Organisation og kompetencer skal "
            "løbende tilpasses til sundhedsleverancer på nye måder."
        ),
    )
    assert five == (
        "Fleksible sundhedsløsninger",
        "Lighed i sundhed fremmes ved at finde løsninger, der tager afsæt i borgerens situation.",
    )
    assert six == (
        "Sundhedsløsninger skal fremme sundhed",
        "Borgerne skal tilbydes løsninger, der forebygger sygdom og fremmer et godt liv ved sygdom.",
    )
    for number, (title, text) in enumerate((one, two, three, four, five, six), 1):
        assert quotes(strategy, f"/principles/{number - 1}") == [f"{number}. {title}. {text}"]


async def test_the_short_name_of_the_strategy(client: AsyncClient) -> None:
    """The page refers to the whole text by it."""
    short = "Læs hele Region Sjællands strategi for et nært og sammenhængende sundhedsvæsen ”Sundhed tæt på dig” her."
    assert (await claims(client))[short] == [STRATEGY]


async def test_what_the_region_wishes_for_patients(client: AsyncClient) -> None:
    """Continuity, quality, and smooth transitions between hospital and municipality."""
    wish = (
        "Region Sjælland ønsker at sikre, at patienter oplever sammenhænge og høj kvalitet i mødet med "
        "sundhedsvæsenet, og at alle patienter oplever smidige og velkoordinerede overgange på tværs af "
        "sygehusbehandling og kommunale sundhedstilbud."
    )
    assert (await claims(client))[wish] == [REGION]
    agreement = await get(client, AGREEMENT)
    assert (agreement["region"]["id"], agreement["region"]["name"]) == ("dk-1085", "Region Sjælland")
    assert quotes(agreement, "/region") == [
        "Tværsektorielt samarbejde i regi af Sundhedsaftalen Region Sjælland ønsker at sikre"
    ]


async def test_what_the_agreement_is_to_bring_about(client: AsyncClient) -> None:
    """Cooperation with the municipalities that works, coherent efforts, prevention such as of readmissions."""
    said = await claims(client)
    part = "Sundhedsaftalen udgør en væsentlig del for den videre udvikling af samarbejdet med kommunerne."
    assert said[part] == [AGREEMENT]
    coherent = (
        "Sundhedsaftalen skal sikre, at samarbejdet på tværs af organisationer fungerer smidigt, så der tilrettelægges "
        "sammenhængende indsatser for de patienter, hvis forløb går på tværs."
    )
    assert said[coherent] == [AGREEMENT]
    better = (
        "Det forbedrer borgerens behandling og pleje, forankrer ansvaret og styrker koordineringen af forebyggende "
        "indsatser, eksempelvis omkring unødvendige genindlæggelser."
    )
    assert said[better] == [AGREEMENT]


async def test_who_drafts_the_agreement_for_how_long(client: AsyncClient) -> None:
    """The coordination committee, for four years; the hyphen is the page's own."""
    term = "Sundhedsaftalen er 4-årig og udarbejdes af Sundhedskoordinations- udvalget."
    assert (await claims(client))[term] == [AGREEMENT]
    agreement = await get(client, AGREEMENT)
    assert agreement["drafted_by"]["id"] == COMMITTEE.removeprefix("organisations/")
    assert quotes(agreement, "/drafted_by") == [term]
    committee = await get(client, COMMITTEE)
    assert (committee["kind"], committee["name"]) == ("committee", "Sundhedskoordinationsudvalget i Region Sjælland")


async def test_who_sits_on_the_committee(client: AsyncClient) -> None:
    """Representatives of the region's council and of two groups; which persons or councils, the page does not say."""
    committee = await get(client, COMMITTEE)
    council, *groups = committee["members"]
    assert (council["organisation"]["id"], council["role"]) == ("region-sjaelland", "regionsråd")
    assert [group["described_as"] for group in groups] == ["kommunalbestyrelser", "praksissektoren"]
    assert [(group["role"], group["organisation"]) for group in groups] == [("repræsentanter", None)] * 2
    page = await get(client, "organisations?kind=committee&member=region-sjaelland")
    assert [item["id"] for item in page["items"]] == [committee["id"]]
    assert quotes(committee, "/members") == [
        "Sundhedskoordinationsudvalget består af repræsentanter fra regionsråd, kommunalbestyrelser og praksissektoren."
    ]


async def test_the_region_has_set_money_aside(client: AsyncClient) -> None:
    """For years, for cooperation of region, municipalities and general practice; how much, the page does not say."""
    money = (
        "Region Sjælland har gennem en årrække afsat midler til udvikling af det tværsektorielle samarbejde på tværs "
        "af region, kommuner og almen praksis."
    )
    assert (await claims(client))[money] == [REGION]


async def test_the_agreement_and_its_vision(client: AsyncClient) -> None:
    """The years of its title, the vision that it rests on; how each party answered, the page does not say."""
    agreement = await get(client, AGREEMENT)
    assert (agreement["kind"], agreement["title"]) == ("health_agreement", "Sundhedsaftalen 2019-2023")
    assert agreement["nominal"] == {"edtf": "2019/2023", "earliest": "2019-01-01", "latest": "2023-12-31"}
    assert agreement["vision"] == "Fælles med borgeren om bedre sundhed"
    assert quotes(agreement, "/vision") == [
        "Sundhedsaftalen 2019-2023 er funderet i visionen ”Fælles med borgeren om bedre sundhed”"
    ]
    assert {party["decision"] for party in agreement["parties"]} == {None}


async def test_the_four_shared_goals(client: AsyncClient) -> None:
    """The agreement's, in order, shared by region and municipalities."""
    goals = (await get(client, "goals?agreement=sundhedsaftale-sjaelland-2019"))["items"]
    assert [(goal["number"], goal["title"]) for goal in goals] == [
        (1, "Fælles om borgerens livsudfordringer"),
        (2, "Tryghed og mestring i eget hjem"),
        (3, "Effektiv forebyggelse – sunde borgere"),
        (4, "Mental sundhed og psykisk trivsel"),
    ]
    for goal in goals:
        assert (goal["agreement"]["name"], goal["plan"]) == ("Sundhedsaftalen 2019-2023", None)
        assert quotes(goal, "/agreement") == ["fire fælles regionale-kommunale mål"]
        assert quotes(goal, "/title") == [goal["title"]]


async def test_vision_and_goals_give_the_direction(client: AsyncClient) -> None:
    """Together, for the cooperation across sectors."""
    direction = "Visionen og de politiske målsætninger sætter tilsammen retningen for det tværsektorielle samarbejde."
    goals = [f"goals/sundhedsaftale-sjaelland-2019-maal-{number}" for number in (1, 2, 3, 4)]
    assert (await claims(client))[direction] == [AGREEMENT, *goals]


async def test_the_contact_point(client: AsyncClient) -> None:
    """An office with its address and switchboard."""
    region = await get(client, REGION)
    (point,) = [point for point in region["contact_points"] if point["name"] == "Det Nære Sundhedsvæsen"]
    assert (point["street"], point["postal_code"], point["town"]) == ("Alléen 15", "4180", "Sorø")
    assert (point["phone"], point["email"]) == ("+45 57 87 57 87", None)
    assert quotes(region, "/contact_points/0") == [
        "Det Nære Sundhedsvæsen Region Sjælland Alléen 15 4180 Sorø Tlf. 57 87 57 87"
    ]


async def test_where_citizens_see_their_own_records(client: AsyncClient) -> None:
    """On a platform of which the page says no more than its address."""
    assert (await claims(client))["Se din journal og dine prøvesvar på www.MinSundhedsplatform.dk"] == []


async def test_all_that_the_page_states_has_its_words(client: AsyncClient) -> None:
    """Each source and each claim with a quote and the day of reading."""
    page = await get(client, f"documents/{PAGE}")
    assert all(claim["quote"] for claim in page["claims"])
    assert {support["resource"]: support["count"] for support in page["supports"]} == {
        "goals": 4,
        "health-agreements": 1,
        "organisations": 2,
        "plans": 1,
    }
    for support in page["supports"]:
        items = (await client.get(support["href"])).json()["items"]
        sources = [s for item in items for s in item["sources"] if s["document"]["id"] == PAGE]
        assert all(source["quote"] and source["read_on"] == "2026-11-22" for source in sources)
