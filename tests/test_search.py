"""Search: what is written is found by its words, however they are spelt, and what is not written is not."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.migrating import upgrade
from app.resources import RESOURCES
from app.resources.health_agreements import health_agreements
from app.resources.organisations import OrganisationData, organisations
from app.resources.plans import plans
from app.resources.plans.shapes import PlanData
from app.resources.regions import RegionData, regions
from app.rest import resource as lists
from app.rest import search
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from tests.conftest import connected, execute, put, rows, serving, value
from tests.test_contract import LISTS, validator
from tests.test_lists import follow
from tests.test_service import as_service

__all__ = ["as_service"]


async def hits(client: AsyncClient, q: str, **more: Any) -> list[dict[str, Any]]:
    """What is found in everything, the best first."""
    answer = await client.get("/v1/search", params={"q": q, "limit": 100, **more})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


async def paths(client: AsyncClient, q: str, **more: Any) -> list[str]:
    """Where it is, below /v1."""
    return [hit["path"] for hit in await hits(client, q, **more)]


def plan(title: str, summary: str | None = None, **more: Any) -> PlanData:
    """A plan as it is written."""
    return validate(PlanData, {"kind": "strategy", "title": title, "summary": summary} | more)


FIRST = [
    ("Aabenraa", "municipalities/dk-0580"),
    ("åbenrå", "municipalities/dk-0580"),
    ("abenra", "municipalities/dk-0580"),
    ("naestved", "municipalities/dk-0370"),
    ("NÆSTVED", "municipalities/dk-0370"),
    ("Hoerby", "municipalities/se-1266"),
    ("Hørby", "municipalities/se-1266"),
    ("Ängelholm", "municipalities/se-1292"),
    ("aengelholm", "municipalities/se-1292"),
    ("0360", "municipalities/dk-0360"),
    ("dk-0360", "municipalities/dk-0360"),
    ("1085", "regions/dk-1085"),
    ("DK-1085", "regions/dk-1085"),
    ("folketal-dk-0360-2020-07-01", "measurements/folketal-dk-0360-2020-07-01"),
    ("sundhedsaftale sjælland", "health-agreements/sundhedsaftale-sjaelland-2019"),
    ("sundhedsaftalen 2024 hovedstaden", "health-agreements/sundhedsaftale-hovedstaden-2024"),
    ("BEK 1569", "documents/bek-1569-2013"),
    ("L 191", "documents/l-191-2022"),
    ("klynge", "documents/l-191-2022"),
    ("kkr sjælland", "organisations/kkr-sjaelland"),
    ("regioners sundhedsplaner syddanmark", "plans/sundhedsplan-syddanmark"),
    ("kkr sjealland", "organisations/kkr-sjaelland"),
    ("niels hoerup", "organisations/kkr-sjaelland"),
    ("Zealand", "regions/dk-1085"),
]


@pytest.mark.parametrize(("q", "first"), FIRST)
async def test_the_best_hit_is_what_is_meant(client: AsyncClient, q: str, first: str) -> None:
    """Either spelling of å, æ and ø, Swedish letters, no letters; codes, ids, laws; inflected, compound, misspelt."""
    assert (await paths(client, q))[0] == first


async def test_every_spelling_of_the_sound_finds_the_same(client: AsyncClient) -> None:
    """The project, its programme, its grant and its document, and nothing else has the word."""
    found = [await paths(client, q) for q in ("oeresund", "Öresund", "Øresund", "O\u0308resund")]
    assert found[0] == found[1] == found[2] == found[3]
    assert set(found[0]) >= {
        "initiatives/primaere-sundhedstjenester-oeresund",
        "funding/programmes/delprogram-oeresund",
    }


@pytest.mark.parametrize(
    ("said", "folded"),
    [
        ("Ærø, Aabenraa & Ängelholm", "aeroe aabenraa aengelholm"),
        ("Ét café – “Öresund”", "et cafe oeresund"),
        ("A\u030a \u212b \u212a o\u0308", "aa aa k oe"),
        ("  1½ år_2 ", "1 aar 2"),
        ("", ""),
    ],
)
async def test_words_are_folded(fresh: str, said: str, folded: str) -> None:
    """Whether or not a text has other letters than Danish ones, and however they are composed."""
    assert await value(fresh, f"select search_fold($${said}$$)") == folded


async def test_parts_of_compounds_are_found(client: AsyncClient) -> None:
    """What ends with the word, inflected, and what begins with it; other parts of a word are not words."""
    agreements = await paths(client, "aftale", resource="health-agreements")
    assert "health-agreements/sundhedsaftale-sjaelland-2019" in agreements
    assert await paths(client, "aftaler", resource="health-agreements") == agreements
    assert "documents/sundhedsaftaler-sammenstilling" in await paths(client, "klynge")
    assert "organisations/sundhedsministeriet" in await paths(client, "ministeriet")
    assert "organisations/frederikssund-kommune" not in await paths(client, "sundhed")
    assert not any("kommunikation" in hit["marked"] for hit in await hits(client, "kommuner"))


async def test_all_words_must_be_found(client: AsyncClient) -> None:
    """In the title or in the text, in any of the ways; the order does not matter."""
    both = set(await paths(client, "sundhed sjælland"))
    assert both
    assert both == set(await paths(client, "sjælland og sundhed"))
    assert both <= set(await paths(client, "sundhed")) & set(await paths(client, "sjælland"))
    assert await paths(client, "sundhed xyzzyq") == []


async def test_quotes_and_exclusions(client: AsyncClient) -> None:
    """Words side by side as they stand; words that must not be there; what is unbalanced is taken as words."""
    phrase = await hits(client, '"sundhed tæt på"')
    assert phrase[0]["path"] == "plans/sundhed-taet-paa-dig"
    assert all("<mark>tæt</mark>" in hit["marked"] + hit["snippet"] for hit in phrase)
    assert await paths(client, '"tæt sundhed på"') == []
    assert await paths(client, '"sundhedsaftale"', resource="health-agreements") == []
    without = set(await paths(client, "sundhed -aftale"))
    assert set(await paths(client, "sundhed")) - set(await paths(client, "aftale")) == without
    assert await paths(client, 'sundhed -"tæt på" "') == await paths(client, 'sundhed -"tæt på"')
    assert "plans/sundhed-taet-paa-dig" not in await paths(client, 'sundhed -"tæt på"')


async def test_better_hits_come_first(writer: Writer, own_client: AsyncClient) -> None:
    """The title before the text; the very word before its inflection, that before a part of another, and like ones."""
    order = {
        "hel": plan("Kvikling"),
        "ord": plan("Om kvikling i kommunen"),
        "boejet": plan("Om kviklingerne i kommunen"),
        "del": plan("Om samkviklinger i kommunen"),
        "tekst": plan("Andet", "Om kvikling i kommunen"),
        "tekst-boejet": plan("Andet", "Om kviklingerne i kommunen"),
        "tekst-del": plan("Andet", "Om samkviklinger i kommunen"),
    }
    await put(writer, *((plans, id, data) for id, data in reversed(order.items())))
    found = await hits(own_client, "kvikling")
    assert [hit["id"] for hit in found] == list(order)
    ranks = [hit["rank"] for hit in found]
    assert ranks == sorted(set(ranks), reverse=True)
    assert 0 < ranks[-1] < ranks[0] <= 1
    as_spelt, misspelt = [(await own_client.get(f"/v1/search?q={q}")).json() for q in ("kvikling", "kivkling")]
    assert (as_spelt["approximate"], misspelt["approximate"]) == (False, True)
    misspelt = misspelt["items"]
    assert {hit["id"] for hit in misspelt} >= {"hel", "ord", "tekst"}
    assert max(hit["rank"] for hit in misspelt) < min(ranks[:3])


async def test_facets_count_the_hits_of_each_resource(client: AsyncClient) -> None:
    """They add up to the total, and each is what its resource has alone."""
    whole = (await client.get("/v1/search?q=sundhed&limit=1")).json()
    assert sum(facet["count"] for facet in whole["facets"]) == whole["total"]
    assert whole["bounded"] is False
    for facet in whole["facets"]:
        alone = (await client.get("/v1/search", params={"q": "sundhed", "resource": facet["resource"]})).json()
        assert alone["facets"] == [facet]
        page = (await client.get(f"/v1/{facet['resource']}?q=sundhed&count=true&as_of=2026-11-22")).json()
        assert page["total"] == facet["count"]


async def test_more_hits_than_are_ranked_are_told(writer: Writer, own_client: AsyncClient) -> None:
    """A thousand are ranked; those whose title has the word are among them."""
    many = [(f"plan-{n}", plan(f"Andet {n}", "Noget om kvikling")) for n in range(1100)]
    async with writer.revision(by="test") as revision:
        await revision.put_all(plans, [*many, ("titel", plan("Kviklinger"))])
    page = (await own_client.get("/v1/search?q=kvikling&limit=1")).json()
    assert (page["total"], page["bounded"], page["items"][0]["id"]) == (1000, True, "titel")
    assert page["facets"] == [{"resource": "plans", "count": 1000}]
    listed = (await own_client.get("/v1/plans?q=kvikling&count=true&limit=1")).json()
    assert listed["total"] == 1101


async def test_pages_of_hits_add_up(client: AsyncClient) -> None:
    """In the order of the ranks, each hit once; a cursor belongs to its question, and a forged one is refused."""
    whole = await hits(client, "region")
    paged = await follow(client, "/v1/search?q=region&limit=7")
    assert paged == whole
    assert len({hit["path"] for hit in whole}) == len(whole) > 14
    cursor = (await client.get("/v1/search?q=region&limit=1")).json()["next"]
    for query in ("q=regioner", "q=region&resource=plans", "q=region&as_of=1999-01-01"):
        answer = await client.get(f"/v1/search?{query}&cursor={cursor}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "cursor")
    for nonsense in ("x", "W10", cursor[:-4]):
        assert (await client.get(f"/v1/search?q=region&cursor={nonsense}")).status_code == 400


async def test_a_hit_tells_whether_it_holds_on_the_day(client: AsyncClient) -> None:
    """What has ended or is yet to come is found all the same."""
    for day, active in (("2026-12-31", False), ("2027-01-01", True)):
        (hit,) = await hits(client, "østdanmark", resource="regions", as_of=day)
        assert (hit["id"], hit["active"]) == ("dk-oestdanmark", active)
    (grant,) = await hits(client, "ERUF-støtte")
    assert grant["active"] is None


async def test_html_is_escaped_and_hits_are_marked(writer: Writer, own_client: AsyncClient) -> None:
    """There is no tag but mark, and without it the text is what it was."""
    title = "<script>alert('kvikling')</script> & \"kviklinger\" &lt; 3"
    await put(writer, (plans, "farlig", plan(title, "<b onclick=x>samkvikling</b> &amp; <mark>andet</mark>")))
    (hit,) = await hits(own_client, "kvikling")
    assert hit["title"] == title
    assert "<mark>kvikling</mark>" in hit["marked"]
    assert "<mark>kviklinger</mark>" in hit["marked"]
    assert "<mark>samkvikling</mark>" in hit["snippet"]
    assert "<mark>andet" not in hit["snippet"]
    for text in (hit["marked"], hit["snippet"]):
        assert re.findall(r"<[^>]*>", text) == ["<mark>", "</mark>"] * (text.count("<") // 2)
    assert html.unescape(re.sub("</?mark>", "", hit["marked"])) == title
    (typed,) = (await own_client.get("/v1/autocomplete?q=kvikl")).json()["items"]
    assert typed["marked"] == hit["marked"]


TYPED = [
    ("sor", "municipalities/dk-0340"),
    ("sorø k", "organisations/soroe-kommune"),
    ("naest", "municipalities/dk-0370"),
    ("gulborgs", "municipalities/dk-0376"),
    ("guldborgsnud", "municipalities/dk-0376"),
    ("dk-036", "municipalities/dk-0360"),
    ("bek 15", "documents/bek-1569-2013"),
    ("kommune sor", "organisations/soroe-kommune"),
    ("0360", "municipalities/dk-0360"),
    ("PLO", "organisations/praktiserende-laegers-organisation"),
    ("broen", "initiatives/broen-til-bedre-sundhed"),
    ("brøn", "municipalities/dk-0153"),
    ("sundhedsaftale sj", "health-agreements/sundhedsaftale-sjaelland-2019"),
]


@pytest.mark.parametrize(("q", "first"), TYPED)
async def test_what_is_being_typed_is_completed(client: AsyncClient, q: str, first: str) -> None:
    """Beginnings of titles, of words in any order, of codes and ids; misspelt ones."""
    answer = (await client.get("/v1/autocomplete", params={"q": q})).raise_for_status()
    validator("/v1/autocomplete").validate(answer.json())
    items = answer.json()["items"]
    assert items[0]["path"] == first
    assert len(items) <= 20


async def test_completions_are_of_the_resources_asked_for(client: AsyncClient) -> None:
    """Twenty at the most, whatever there is; other resources are refused with those that there are."""
    items = (await client.get("/v1/autocomplete?q=sj&resource=municipalities&resource=regions")).json()["items"]
    assert {item["resource"] for item in items} == {"municipalities", "regions"}
    assert len((await client.get("/v1/autocomplete?q=s")).json()["items"]) == 20
    for path in ("search", "autocomplete"):
        answer = await client.get(f"/v1/{path}?q=sund&resource=hospitals")
        assert answer.status_code == 400
        assert "health-agreements" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("path", [*LISTS, "/v1/search", "/v1/autocomplete"])
async def test_every_list_takes_words(client: AsyncClient, path: str) -> None:
    """And refuses what has none, or too much, with what would be right."""
    assert (await client.get(path, params={"q": "sundhed"})).status_code == 200
    for q in (
        "?!",
        '"',
        "-",
        "-sundhed",
        "🦠",
        "%",
        "\\",
        *(["og", "på i", '"og"'] * (path != "/v1/autocomplete")),
    ):
        answer = await client.get(path, params={"q": q})
        assert answer.status_code == 400, q
        (fault,) = answer.json()["errors"]
        assert (fault["parameter"], "a word to look for" in fault["detail"]) == ("q", True)
    for q, says in (("", "at least 1"), ("  ", "at least 1"), ("x" * 10_000, "at most 200"), ("nul\x00", "no NUL")):
        answer = await client.get(path, params={"q": q})
        assert answer.status_code == 400
        assert says in answer.json()["errors"][0]["detail"]


MANY = 100_000
WAYS = {
    "met at once": {"MET": MANY},
    "led to by their ids": {"MET": 0},
    "met by their ids": {"MET": 0, "FEW": 0},
    "met once their word is corrected": {"FEW": 0, "SOME": 0},
    "sorted": {"MET": 0, "FEW": 0, "SOME": 0},
}


@pytest.mark.parametrize("bounds", WAYS.values(), ids=WAYS)
async def test_words_narrow_a_list_like_any_filter(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int]
) -> None:
    """With other filters, in every order, page by page, counted; whichever way leads to what is found."""
    for name, bound in bounds.items():
        monkeypatch.setattr(search, name, bound)
    for cache in (search.found, lists._page):  # noqa: SLF001 - statements are made anew
        cache.cache_clear()
    try:
        url = "/v1/organisations?q=udvalg&kind=committee&as_of=2026-11-22"
        whole = (await client.get(f"{url}&limit=1000&count=true&facet=kind")).raise_for_status().json()
        names = [item["name"] for item in whole["items"]]
        assert whole["total"] == len(names) > 10
        assert all("udvalg" in name.lower() for name in names)
        assert whole["facets"]["kind"]["values"][0] == {"value": "committee", "name": None, "count": len(names)}
        assert await follow(client, f"{url}&limit=3") == whole["items"]
        backwards = await follow(client, f"{url}&sort=-name&limit=5")
        assert [item["id"] for item in backwards] == [item["id"] for item in whole["items"]][::-1]
        assert (await client.get("/v1/organisations?q=xyzzyq")).json()["items"] == []
        (only,) = (await client.get("/v1/municipalities?q=naestved")).json()["items"]
        assert only["name"] == "Næstved"
        assert (await client.get("/v1/regions?q=østdanmark&as_of=2026-11-22")).json()["items"] == []
        table = (await client.get(f"{url}&format=csv&columns=id")).raise_for_status().text.split()
        assert table[1:] == [item["id"] for item in whole["items"]]
        spelt, misspelt = [
            [item["id"] for item in await follow(client, f"/v1/organisations?q={q}&kind=municipality")]
            for q in ("kommune", "komunne")
        ]
        assert misspelt == [id for id in spelt if id.endswith("-kommune")] != []
        says = {item["id"] for item in await follow(client, "/v1/initiatives?q=sundhed")}
        for where in ("municipality=dk-0360", "municipality=dk-0360&municipality=dk-0376&unknown=status"):
            narrowed = [item["id"] for item in await follow(client, f"/v1/initiatives?{where}")]
            found = (await client.get(f"/v1/initiatives?{where}&q=sundhed&count=true&facet=kind")).json()
            assert [item["id"] for item in found["items"]] == [id for id in narrowed if id in says]
            assert found["total"] == sum(v["count"] for v in found["facets"]["kind"]["values"]) == 2
    finally:
        for cache in (search.found, lists._page):  # noqa: SLF001
            cache.cache_clear()


async def test_sums_are_of_what_is_found(client: AsyncClient) -> None:
    """Whatever takes the filters of a list takes words; a table refuses what a list does."""
    (total,) = (await client.get("/v1/funding/summary?q=multibrugere")).raise_for_status().json()["totals"]
    assert (total["grants"], total["awarded"], total["currency"]) == (1, 2_000_000, "DKK")
    for path in ("/v1/funding/summary?q=og", "/v1/regions?q=og&format=csv"):
        assert (await client.get(path)).json()["errors"][0]["parameter"] == "q"


@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text(alphabet="ab &|!<->():*'\"\\%_æå-1٣", max_size=30))
@example("a & b | !c <-> d:* (e)")
@example("'); drop table change; --")
@example('"\\')
@example("-\"a' 1e5abc ٣ ½ ＡＢ")
@example("a\u0301 \u0301 \ufeff")
async def test_no_input_is_a_failure(client: AsyncClient, q: str) -> None:
    """Whatever is asked is answered, or refused."""
    for path in ("/v1/search", "/v1/autocomplete", "/v1/documents"):
        answer = await client.get(path, params={"q": q.encode("utf-8", "ignore").decode()})
        assert answer.status_code in (200, 400), (path, q)


async def test_what_is_written_is_found_and_what_is_deleted_is_gone(
    writer: Writer, own_client: AsyncClient, fresh: str
) -> None:
    """Created, replaced, deleted: found by its words, by its new words, and no more; the past answers as it was."""
    await put(writer, (plans, "ny", plan("Kvikling", "Om flimmerum")))
    assert await paths(own_client, "kvikling") == await paths(own_client, "flimmerum") == ["plans/ny"]
    await put(writer, (plans, "ny", plan("Kvikling", "Om glimmerup", period={"start": "2020-01-01", "end": None})))
    assert await paths(own_client, "kvikling") == await paths(own_client, "glimmerup") == ["plans/ny"]
    assert await paths(own_client, '"flimmerum"') == []
    async with writer.revision(by="test") as revision:
        assert await revision.delete(plans, "ny")
    assert await paths(own_client, "kvikling") == await paths(own_client, '"glimmerup"') == []
    assert (await own_client.get("/v1/plans?q=kvikling")).json()["items"] == []
    seen = []
    async with connected(fresh) as connection:
        await connection.execute("set search_path = past, public")
        for revision_id in (1, 2, 3, 4):
            await connection.execute(f"set broen.known_at = '{revision_id}'")
            seen.append(
                [
                    await connection.fetchval(
                        f"select array_agg(id) from search_found('\"{word}\"', false, '{{plans}}', true, 9)"
                    )
                    for word in ("kvikling", "flimmerum", "glimmerup")
                ]
            )
    ny = ["plans/ny"]
    assert seen == [[None, None, None], [ny, ny, None], [ny, None, ny], [None, None, None]]


async def test_a_record_that_says_the_same_is_no_new_entry(writer: Writer, fresh: str) -> None:
    """A change of what is not searched leaves the entry, and its history, alone."""
    for kind in ("strategy", "health_plan"):
        await put(writer, (plans, "ny", validate(PlanData, {"kind": kind, "title": "Kvikling"})))
    assert await rows(fresh, "select recorded_from, recorded_to from history.search_entry where id = 'plans/ny'") == [
        (2, None)
    ]


async def test_an_agreement_is_found_by_what_its_region_is_called(
    writer: Writer, own_client: AsyncClient, fresh: str
) -> None:
    """By its new name as soon as it has one; and told apart by it from those of the same title."""
    told = (await own_client.get("/v1/health-agreements?region=dk-1085&q=sjælland")).json()["items"]
    assert len(told) > 1
    was = json.loads(await value(fresh, "select value from change where (resource, id) = ('regions', 'dk-1085')"))
    await put(writer, (regions, "dk-1085", validate(RegionData, was | {"name": "Region Flimmerum"})))
    found = await hits(own_client, "sundhedsaftalen flimmerum", resource="health-agreements")
    assert {hit["id"]: hit["title"] for hit in found} == {
        item["id"]: f"{item['title']}, Region Flimmerum" for item in told
    }
    assert not await paths(own_client, '"Region Sjælland"', resource="health-agreements")
    async with writer.revision(by="test") as revision:
        assert await revision.delete(health_agreements, "sundhedsaftale-sjaelland-2024")
        await revision.put(regions, "dk-1085", validate(RegionData, was))
    kept = await paths(own_client, '"Region Sjælland"', resource="health-agreements")
    assert len(kept) == len(told) - 1


async def test_several_records_in_one_statement_are_all_found(writer: Writer, own_client: AsyncClient) -> None:
    """One revision may write a record more than once; the last word counts."""
    async with writer.revision(by="test") as revision:
        await revision.put_all(plans, [("a", plan("Kvikling A")), ("b", plan("Kvikling B"))])
        await revision.put(plans, "a", plan("Flimmerum A"))
    assert await paths(own_client, "kvikling") == ["plans/b"]
    assert await paths(own_client, "flimmerum") == ["plans/a"]


async def test_a_very_long_record_is_found_by_its_beginning(writer: Writer, own_client: AsyncClient) -> None:
    """However much a record says, it can be written."""
    long = " ".join(f"ord{n}x" for n in range(2500))
    variants = [{"name": f"{word} {long}"[:20_000]} for word in ("Flimmerum", *("abcdefghijklmnop"))]
    body = {"kind": "association", "name": "Kvikling " * 2000, "name_variants": variants}
    await put(writer, (organisations, "lang", validate(OrganisationData, body)))
    assert await paths(own_client, "flimmerum") == ["organisations/lang"]
    assert (await own_client.get("/v1/autocomplete?q=kviklin")).json()["items"][0]["id"] == "lang"


async def test_the_role_that_serves_writes_what_is_found_and_nothing_else(as_service: str, settings: Settings) -> None:
    """The log keeps the entries; the role that writes the log cannot touch them itself."""
    async with Writer(as_service, load_settings()) as writer:
        await put(writer, (plans, "ny", plan("Kvikling")))
    async with serving(settings.model_copy(update={"database_url": as_service})) as client:
        assert await paths(client, "kvikling") == ["plans/ny"]


def said(
    schema: dict[str, Any], defs: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Every string in a body's schema, with whether it is a text that somebody wrote."""
    if any(arm.get("type") == "number" for arm in schema.get("anyOf", ())):
        return
    if "$ref" in schema:
        yield from said(defs[schema["$ref"].removeprefix("#/$defs/")], defs, path)
    for arm in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from said(arm, defs, path)
    for name, field in schema.get("properties", {}).items():
        yield from said(field, defs, (*path, name))
    if schema.get("type") == "string" and schema.get("format") != "date":
        yield path, schema.get("maxLength") == 20_000


NO_WORDS = {"url", "website", "email", "phone", "language", "code_system", "scheme", "project_kind", "partner_country"}
"""Texts that nobody looks for."""


async def test_what_a_record_says_is_its_texts(register: str) -> None:
    """Held against every shape: names, prose and codes are; ids, enumerations, sources and contacts are not."""
    for resource in RESOURCES:
        whole = resource.data.model_json_schema()
        leaves = dict(said(whole, whole.get("$defs", {})))
        wanted = {
            path
            for path, is_text in leaves.items()
            if is_text
            and path[0] not in ("sources", "contacts")
            and path[-1] not in NO_WORDS
            and path not in (("title",), ("name",))
        }
        body: dict[str, Any] = {}
        for path in leaves:
            inner = body
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = "/".join(path)
        async with connected(register) as connection:
            text = await connection.fetchval("select search_said($1::jsonb)", json.dumps(body))
        assert set((text or "").split("\n")) - {""} == {"/".join(path) for path in wanted}, resource.name


async def test_a_register_that_is_migrated_is_searched_like_one_that_was_written(fresh: str, writer: Writer) -> None:
    """The migration makes the entries of what there is, and of what there was."""
    await put(writer, (plans, "ny", plan("Kvikling")), (plans, "andet", plan("Flimmerum")))
    await put(writer, (plans, "ny", plan("Kviklinger", "Om glimmerup")))
    async with writer.revision(by="test") as revision:
        await revision.delete(plans, "andet")
    queries = [
        "select * from search_entry order by id",
        "select * from history.search_entry order by id, recorded_from",
        "select * from search_word order by word",
    ]
    written = [await rows(fresh, query) for query in queries]
    functions = await rows(fresh, "select oid::regprocedure::text from pg_proc where proname like 'search\\_%'")
    await execute(
        fresh,
        "drop view past.revision, past.change",
        "drop table history.search_entry, search_entry, search_word cascade",
        *(f"drop function if exists {name} cascade" for (name,) in functions),
        "drop table api_key, allowance, repeatable",
        "alter table revision drop column by_organisations",
        "alter table change drop column replaced_by",
        "update alembic_version set version_num = '0006'",
    )
    await asyncio.to_thread(upgrade, fresh, "0007")
    await execute(fresh, "update alembic_version set version_num = '0013'", "drop index ix_revision_at")
    await asyncio.to_thread(upgrade, fresh, "0014")
    await execute(fresh, "update alembic_version set version_num = '0020'")
    await asyncio.to_thread(upgrade, fresh, "0021")
    await execute(fresh, "update alembic_version set version_num = '0024'")
    await asyncio.to_thread(upgrade, fresh, "0027")
    assert [await rows(fresh, query) for query in queries] == written
