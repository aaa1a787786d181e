"""Documents, sources and claims: every fact says where it comes from."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient

from app.data import packaged
from app.errors import InvalidBody
from app.resources.documents import DocumentData, documents
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.organisations import OrganisationData, organisations
from app.rest.body import parse_json, validate
from app.rest.writing import Writer
from tests.conftest import put, value
from tests.test_contract import LISTS


def leaves(fact: Any, pointer: str = "") -> Iterator[str]:
    """A JSON pointer to every fact in a value."""
    if isinstance(fact, dict):
        for key, inner in fact.items():
            yield from leaves(inner, f"{pointer}/{key}")
    elif isinstance(fact, list):
        for n, inner in enumerate(fact):
            yield from leaves(inner, f"{pointer}/{n}")
    elif fact is not None:
        yield pointer


def test_every_packaged_fact_has_a_source() -> None:
    """Walk the packaged data: whatever a record says, one of its sources states."""
    unsourced = []
    for resource, id, data in packaged():
        if resource is documents:
            continue  # a document is its own source
        stated = [pointer for source in data.sources for pointer in source.fields]
        facts = leaves(data.model_dump(mode="json", exclude={"sources", "owner"}))
        unsourced += [
            f"{resource.name}/{id}{fact}"
            for fact in facts
            if not any(fact == pointer or fact.startswith(f"{pointer}/") for pointer in stated)
        ]
    assert unsourced == []


async def test_where_a_figure_comes_from(client: AsyncClient) -> None:
    """Which document, which sentence, read when."""
    project = (await client.get("/v1/initiatives/primaere-sundhedstjenester-oeresund")).json()
    (source,) = [source for source in project["sources"] if "/budget" in source["fields"]]
    assert source == {
        "document": {
            "id": "forprojekt-primaere-sundhedstjenester",
            "name": "Udvikling af de primære sundhedstjenester, Øresundsregionen - Region Skåne og Region Sjælland",
        },
        "fields": ["/budget"],
        "quote": "Projektets samlede budget: 199.994 EUR",
        "read_on": "2026-11-22",
        "stated": None,
    }


async def test_a_document_says_what_it_supports(client: AsyncClient) -> None:
    """By resource."""
    document = (await client.get("/v1/documents/pressemeddelelse-broen-2014")).json()
    assert {s["resource"]: s["count"] for s in document["supports"]} == {
        "funding/grants": 1,
        "funding/programmes": 1,
        "initiatives": 2,
        "organisations": 7,
    }
    assert document["published"]["edtf"] == document["updated"]["edtf"] == "2014-09-19"
    assert (document["kind"], document["publisher"], document["language"]) == ("press_release", "Region Sjælland", "da")


async def test_the_list_of_what_a_document_supports_has_as_many(client: AsyncClient) -> None:
    """Of every document; areas of other days are among them."""
    whole = (await client.get("/v1/documents?limit=1000")).raise_for_status().json()["items"]
    for support in [support for document in whole for support in document["supports"]]:
        page = (await client.get(f"{support['href']}&count=true")).raise_for_status().json()
        assert page["total"] == support["count"], support
    regions = (await client.get("/v1/regions?document=l-214-2024-25&as_of=2026-11-22")).json()["items"]
    assert [region["id"] for region in regions] == ["dk-1084", "dk-1085", "dk-oestdanmark"]


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_takes_a_document(client: AsyncClient, path: str) -> None:
    """And refuses one that nobody has."""
    assert (await client.get(path, params={"document": "pressemeddelelse-broen-2014"})).status_code == 200
    answer = await client.get(path, params={"document": "pressemeddelelse-broen-2015"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["near"][0] == "pressemeddelelse-broen-2014"


async def test_the_population_is_statistics_denmarks(client: AsyncClient) -> None:
    """Ninety-eight figures, one data set, its licence."""
    page = (await client.get("/v1/measurements?document=folk1a-2020-3&count=true&limit=1")).json()
    assert page["total"] == 98
    dataset = (await client.get("/v1/documents/folk1a-2020-3")).json()
    assert (dataset["publisher"], dataset["licence"]) == ("Danmarks Statistik", "CC BY 4.0")


async def test_the_five_texts_are_documents_with_their_dates_as_printed(client: AsyncClient) -> None:
    """What is undated stays undated."""
    expected = {
        "forprojekt-primaere-sundhedstjenester": (None, None),
        "naert-sundhedsvaesen-sjaelland": ("2016-05-17", "2022-01-06"),
        "pressemeddelelse-topmoede-2019": ("2019-09-26", "2019-09-26"),
        "konference-sundhedsplan-syddanmark": (None, None),
        "pressemeddelelse-broen-2014": ("2014-09-19", "2014-09-19"),
    }
    for id, dates in expected.items():
        document = (await client.get(f"/v1/documents/{id}")).raise_for_status().json()
        assert tuple((document[name] or {}).get("edtf") for name in ("published", "updated")) == dates


async def test_statements_that_disagree_are_both_kept(client: AsyncClient) -> None:
    """One text calls one person the chair of two committees: two bodies, each with its quote; nobody merges them."""
    quotes = {}
    for id in ("sundhedskoordinationsudvalget-syddanmark", "sundhedssamordningsudvalget-syddanmark"):
        committee = (await client.get(f"/v1/organisations/{id}")).raise_for_status().json()
        (office,) = committee["offices"]
        assert (office["title"], office["person"], office["party"]) == ("formand", "Bo Libergren", "V")
        quotes[id] = committee["sources"][0]["quote"]
    assert "formand for Sundhedskoordinationsudvalget" in quotes["sundhedskoordinationsudvalget-syddanmark"]
    assert "Formand for sundhedssamordningsudvalget" in quotes["sundhedssamordningsudvalget-syddanmark"]


async def test_what_is_claimed_about_a_record_is_found(client: AsyncClient) -> None:
    """By the path of the record."""
    url = "/v1/documents?about=initiatives/sammenhaengende-borgerforloeb-for-multibrugere"
    (document,) = (await client.get(url)).json()["items"]
    claim = document["claims"][0]
    assert claim["quote"] == "cirka en procent af borgerne bruger op mod 30 procent af sundhedsudgifterne"
    assert "initiatives/broen-til-bedre-sundhed" in claim["about"]
    assert (await client.get("/v1/documents?about=nonsense")).status_code == 400


async def test_laws_have_what_they_are_cited_as(client: AsyncClient) -> None:
    """The act that merges two regions, and the orders on health agreements."""
    laws = {d["id"]: d["legal_identifier"] for d in (await client.get("/v1/documents?kind=law")).json()["items"]}
    assert laws["lov-699-2025"] == "LOV nr. 699 af 20. juni 2025"
    assert {"bek-1569-2013", "bek-191-2018", "bek-679-2018", "l-191-2022", "l-214-2024-25", "l-42-2025-26"} <= set(laws)
    assert {id: law for id, law in laws.items() if id.startswith("l-")} == {
        "l-191-2022": "L 191 (2022)",
        "l-214-2024-25": "L 214 (folketingsåret 2024-25)",
        "l-42-2025-26": "L 42 (folketingsåret 2025-26)",
    }


def organisation(*sources: dict[str, Any]) -> OrganisationData:
    """An organisation with sources."""
    return validate(OrganisationData, {"kind": "association", "name": "Ny", "sources": list(sources)})


async def test_a_source_points_at_what_there_is(writer: Writer) -> None:
    """A pointer to no field and a document that nobody has are refused, each with its own pointer."""
    data = organisation(
        {"document": "pressemeddelelse-broen-2014", "fields": ["", "/name", "/nmae"]},
        {"document": "ukendt", "fields": ["/members/0"]},
    )
    with pytest.raises(InvalidBody) as refused:
        await put(writer, (organisations, "ny", data))
    assert {fault.pointer for fault in refused.value.faults} == {
        "/sources/0/fields/2",
        "/sources/1/fields/0",
        "/sources/1/document",
    }


async def test_a_claim_is_about_records_that_there_are(writer: Writer) -> None:
    """Of any resource, also of the same revision."""
    claims = [{"text": "Noget", "about": ["organisations/ny", "regions/dk-1085", "regions/dk-9999", "nix/ny"]}]
    document = validate(DocumentData, {"kind": "report", "title": "Rapport", "claims": claims})
    with pytest.raises(InvalidBody) as refused:
        await put(writer, (documents, "rapport", document), (organisations, "ny", organisation()))
    assert {fault.pointer for fault in refused.value.faults} == {"/claims/0/about/2", "/claims/0/about/3"}


async def test_the_value_that_a_document_gives_is_kept_beside_the_records(writer: Writer, fresh: str) -> None:
    """Whatever its type, in the history too; sources that stay the same are not written again."""
    for stated in ("Nyt navn", 17, {"amount": 1}, None):
        source = {"document": "pressemeddelelse-broen-2014", "fields": ["/name"], "stated": stated}
        await put(writer, (organisations, "ny", organisation(source)))
        kept = await value(fresh, "select value -> 'sources' -> 0 ->> 'stated' from change order by seq desc limit 1")
        assert kept == (stated if stated is None or isinstance(stated, str) else json.dumps(stated))


async def test_a_figure_told_two_ways_is_kept_both_ways(writer: Writer, own_client: AsyncClient) -> None:
    """The record has one value; a source that gives another says so beside its words."""
    sources = [
        {"document": "forprojekt-primaere-sundhedstjenester", "fields": ["/budget"], "quote": "199.994 EUR"},
        {
            "document": "partnerskaber-og-puljer",
            "fields": ["/budget/amount"],
            "quote": "ca. 200.000 EUR",
            "stated": parse_json(b"200000.5"),
        },
    ]
    body = {"kind": "project", "title": "Prøve", "budget": {"amount": "199994.00", "currency": "EUR"}}
    await put(writer, (initiatives, "proeve", validate(InitiativeData, body | {"sources": sources})))
    record = (await own_client.get("/v1/initiatives/proeve")).raise_for_status().json()
    assert record["budget"]["amount"] == 199994
    assert [(s["fields"], s["stated"]) for s in record["sources"]] == [
        (["/budget"], None),
        (["/budget/amount"], 200000.5),
    ]
