"""What passes to a region from those that it comes from, by which act, and what ends with them."""

from typing import Any, Final

from httpx import AsyncClient

from app.resources.area_changes import AreaChangeData, area_changes
from app.resources.grants import GrantData, grants
from app.resources.health_agreements import HealthAgreementData, health_agreements
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.organisations import OrganisationData, organisations
from app.resources.regions import RegionData, regions
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put
from tests.test_contract import validator

PATH: Final = "/v1/regions/{id}/inheritance"
LISTS: Final = ("predecessors", "agreements", "grants", "duties", "initiatives", "bodies", "offices")


async def ask(client: AsyncClient, id: str, as_of: str) -> list[dict[str, Any]]:
    """The changes that made a region and what passes thereby, held against the OpenAPI."""
    answer = (await client.get(PATH.replace("{id}", id), params={"as_of": as_of})).raise_for_status()
    whole = answer.json()
    validator(PATH).validate(whole)
    assert whole["as_of"] == answer.headers["Broen-As-Of"] == as_of
    changes: list[dict[str, Any]] = whole["changes"]
    for change in changes:
        for name in LISTS:
            assert change[name]["count"] == len(change[name]["items"])
    return changes


def ids(change: dict[str, Any], name: str) -> list[str]:
    """The ids in a list of what passes."""
    return [item["id"] for item in change[name]["items"]]


async def east(client: AsyncClient, as_of: str = "2027-01-01") -> dict[str, Any]:
    """What passes to Region Østdanmark."""
    (change,) = await ask(client, "dk-oestdanmark", as_of)
    return change


async def test_what_passes_to_region_oestdanmark(client: AsyncClient) -> None:
    """Both regions, their agreements of 2024, the grant that Region Sjælland has, their committees of 2022."""
    change = await east(client)
    assert (change["id"], change["path"]) == ("region-oestdanmark-2027", "area-changes/region-oestdanmark-2027")
    assert (change["effective_on"], change["known_on"]) == ("2027-01-01", "2026-12-31")
    assert change["legal_act"] == "L 214 (folketingsåret 2024-25)"
    assert "LOV nr. 699 af 20. juni 2025, § 126" in change["note"]
    assert ids(change, "predecessors") == ["dk-1084", "dk-1085"]
    found = [(item["id"], item["in_force"]) for item in change["agreements"]["items"]]
    assert found == [("sundhedsaftale-hovedstaden-2024", None), ("sundhedsaftale-sjaelland-2024", True)]
    assert ids(change, "grants") == ["multibrugere-2014"]
    assert ids(change, "duties") == []
    assert ids(change, "initiatives") == ["sammenhaengende-borgerforloeb-for-multibrugere"]
    assert ids(change, "bodies") == ["sundhedssamarbejdsudvalget-hovedstaden", "sundhedssamarbejdsudvalget-sjaelland"]
    offices = [(item["id"], item["title"]) for item in change["offices"]["items"]]
    assert offices == [
        ("region-sjaelland", "regionsrådsformand"),
        ("region-sjaelland", "sundhedsfaglig chef, overlæge"),
    ]


async def test_every_path_leads_to_its_record(client: AsyncClient) -> None:
    """Below /v1, with the name that is told here."""
    change = await east(client)
    for item in [item for name in LISTS for item in change[name]["items"]]:
        record = (await client.get(f"/v1/{item['path']}")).raise_for_status().json()
        assert (record["id"], record.get("name", record.get("title"))) == (item["id"], item["name"])


async def test_things_are_told_as_of_the_day_and_once_it_has_come_as_of_its_eve(client: AsyncClient) -> None:
    """In 2020 the agreements were others, and so were the committees; in 2035 the answer is that of the eve."""
    assert await east(client, "2035-06-01") == await east(client)
    then = await east(client, "2020-06-01")
    assert then["known_on"] == "2020-06-01"
    assert ids(then, "agreements") == ["sundhedsaftale-hovedstaden-2019", "sundhedsaftale-sjaelland-2019"]
    committees = ["sundhedskoordinationsudvalget-hovedstaden", "sundhedskoordinationsudvalget-sjaelland"]
    assert ids(then, "bodies") == committees


async def test_a_region_that_comes_from_no_other_inherits_nothing(client: AsyncClient) -> None:
    """And neither does one that ends."""
    assert await ask(client, "dk-1083", "2030-01-01") == []
    assert await ask(client, "dk-1085", "2030-01-01") == []


def agreement(id: str, **more: Any) -> tuple[Any, str, HealthAgreementData]:
    """An agreement of Region Sjælland."""
    body = {"kind": "health_agreement", "title": id, "region": "dk-1085", **more}
    return health_agreements, id, validate(HealthAgreementData, body)


async def test_agreements_pass_until_they_are_known_to_be_over(writer: Writer, own_client: AsyncClient) -> None:
    """By their period, a milestone, the agreement that follows, or the one that they are an addendum to."""
    day = "2026-12-31"
    await put(
        writer,
        agreement("til-dagen", period={"start": None, "end": day}),
        agreement("til-dagen-efter", period={"start": "2020-01-01", "end": "2027-01-01"}),
        agreement("siden", period={"start": "2027-01-01", "end": None}),
        agreement("bortfaldet", milestones=[{"kind": "lapsed", "date": {"edtf": "2026-12"}}]),
        agreement("maaske-bortfaldet", milestones=[{"kind": "lapsed", "date": {"edtf": "2027"}}]),
        agreement("afloest"),
        agreement("afloeser", replaces="afloest", period={"start": day, "end": None}),
        agreement("tillaeg-til-det-gamle", kind="addendum", amends="sundhedsaftale-sjaelland-2019"),
        agreement("tillaeg-til-det-nye", kind="addendum", amends="sundhedsaftale-sjaelland-2024"),
        agreement("syddansk", region="dk-1083"),
    )
    change = await east(own_client)
    found = {item["id"]: item["in_force"] for item in change["agreements"]["items"]}
    assert found == {
        "sundhedsaftale-hovedstaden-2024": None,
        "sundhedsaftale-sjaelland-2024": True,
        "til-dagen-efter": True,
        "maaske-bortfaldet": None,
        "afloeser": True,
        "tillaeg-til-det-nye": None,
    }


def grant(id: str, recipients: list[str], **more: Any) -> tuple[Any, str, GrantData]:
    """A grant to organisations."""
    given = [{"organisation": organisation} for organisation in recipients]
    body = {"title": id, "programme": "interreg-oeks-2021", "recipients": given, **more}
    return grants, id, validate(GrantData, body)


async def test_grants_pass_with_what_is_still_to_be_delivered(writer: Writer, own_client: AsyncClient) -> None:
    """Each once, whoever of the predecessors receives it; closed, rejected and withdrawn ones do not."""
    both, east_only = ["region-sjaelland", "region-hovedstaden"], ["region-hovedstaden"]
    accounts = [
        {"due_on": "2026-06-30", "delivered_on": "2026-12-31"},
        {"due_on": "2026-09-30", "delivered_on": "2027-01-01"},
        {"due_on": "2027-03-31"},
    ]
    reports = [{"title": "Slutrapport", "due_on": "2027-06-30"}, {"title": "Midtvejs", "delivered_on": "2026-01-01"}]
    await put(
        writer,
        grant("a-til-begge", both, accounts=accounts, reports=reports),
        grant("b-ansoegt", east_only, status="applied"),
        grant("c-lukket", east_only, status="closed", accounts=[{}]),
        grant("d-afslaaet", east_only, status="rejected", reports=[{"title": "Rapport"}]),
        grant("e-trukket", east_only, status="withdrawn"),
        grant("f-til-en-anden", ["region-syddanmark"], accounts=[{}]),
    )
    change = await east(own_client)
    assert ids(change, "grants") == ["a-til-begge", "b-ansoegt", "multibrugere-2014"]
    duties = [(item["id"], item["kind"], item["title"], item["due_on"]) for item in change["duties"]["items"]]
    assert duties == [
        ("a-til-begge", "account", None, "2026-09-30"),
        ("a-til-begge", "account", None, "2027-03-31"),
        ("a-til-begge", "report", "Slutrapport", "2027-06-30"),
    ]
    later = await east(own_client, "2026-09-01")
    assert later["duties"]["count"] == 4, "what is delivered on New Year's Eve was still owed in September"


def initiative(id: str, **more: Any) -> tuple[Any, str, InitiativeData]:
    """An initiative."""
    return initiatives, id, validate(InitiativeData, {"kind": "project", "title": id, **more})


async def test_initiatives_pass_unless_they_are_over(writer: Writer, own_client: AsyncClient) -> None:
    """Led by an authority of theirs or with one as a partner; each once."""
    lead = {"organisation": "region-hovedstaden", "role": "lead_partner"}
    left = lead | {"role": "partner", "period": {"start": "2020-01-01", "end": "2025-01-01"}}
    await put(
        writer,
        initiative("a-ledet", lead="region-sjaelland", partners=[lead]),
        initiative("b-partner", partners=[lead], period={"start": "2026-01-01", "end": None}, status="running"),
        initiative("c-kun-partner", partners=[lead | {"role": "partner"}]),
        initiative("c-var-partner", partners=[left]),
        initiative("d-faerdig", lead="region-sjaelland", status="completed"),
        initiative("e-opgivet", lead="region-sjaelland", status="cancelled"),
        initiative("f-forbi", lead="region-sjaelland", period={"start": None, "end": "2026-12-31"}),
    )
    found = ids(await east(own_client), "initiatives")
    assert [id for id in found if id[1] == "-"] == ["a-ledet", "b-partner", "c-kun-partner"]


def organisation(id: str, kind: str, **more: Any) -> tuple[Any, str, OrganisationData]:
    """An organisation."""
    return organisations, id, validate(OrganisationData, {"kind": kind, "name": id, **more})


async def test_bodies_are_theirs_alone(writer: Writer, own_client: AsyncClient) -> None:
    """A committee in which another region sits is not; one that follows theirs is, unless it does so later."""
    seats = [{"organisation": "region-sjaelland"}, {"organisation": "lolland-kommune"}]
    office = {"title": "formand", "person": "Prøve Person"}
    await put(
        writer,
        organisation("a-klynge", "cluster", members=seats, offices=[office, office | {"person": "En Anden"}]),
        organisation("b-faelles-udvalg", "committee", members=[*seats, {"organisation": "region-skaane"}]),
        organisation("c-begges-udvalg", "committee", members=[*seats, {"organisation": "region-hovedstaden"}]),
        organisation("d-partnerskab", "partnership", members=seats),
        organisation("e-nedlagt", "committee", members=seats, period={"start": None, "end": "2026-12-31"}),
        organisation("f-afloeser", "council", predecessors=[{"organisation": "a-klynge", "since": "2026-06-01"}]),
        organisation("g-senere", "council", predecessors=[{"organisation": "a-klynge", "since": "2027-01-01"}]),
    )
    change = await east(own_client)
    assert ids(change, "bodies")[:3] == ["a-klynge", "c-begges-udvalg", "f-afloeser"]
    assert change["bodies"]["count"] == 3 + 2
    (chair,) = (item for item in change["offices"]["items"] if item["id"] == "a-klynge")
    assert chair["title"] == "formand", "an office is told once, whoever has held it"


def region(id: str) -> tuple[Any, str, RegionData]:
    """A region."""
    body = {
        "country": "DK",
        "name": id.title(),
        "names": dict.fromkeys(("da", "sv", "en")),
        "period": {"start": "2007-01-01", "end": None},
    }
    return regions, id, validate(RegionData, body)


def area_change(kind: str, before: list[str], after: list[str], on: str) -> tuple[Any, str, AreaChangeData]:
    """A change of regions."""
    sides = {"before": before, "after": after}
    areas = {side: [{"region": id, "name": id} for id in ids] for side, ids in sides.items()}
    return (
        area_changes,
        f"{kind}-{on}",
        validate(AreaChangeData, {"kind": kind, "title": kind, "effective_on": on, **areas}),
    )


async def test_only_a_region_that_ends_passes_on_what_it_had(writer: Writer, own_client: AsyncClient) -> None:
    """A transfer or a new name leaves it with its own, a merger does not; each change is told by itself."""
    await put(writer, *(region(id) for id in ("vestland", "midtland", "oestland")))
    await put(
        writer,
        area_change("transfer", ["vestland", "midtland"], ["vestland", "midtland"], "2010-01-01"),
        area_change("rename", ["midtland"], ["midtland"], "2012-01-01"),
        area_change("merge", ["vestland", "midtland"], ["midtland"], "2015-01-01"),
        area_change("merge", ["oestland", "midtland"], ["midtland"], "2018-01-01"),
    )
    changes = await ask(own_client, "midtland", "2020-01-01")
    found = [(change["id"], change["known_on"], ids(change, "predecessors")) for change in changes]
    assert found == [
        ("merge-2015-01-01", "2014-12-31", ["vestland"]),
        ("merge-2018-01-01", "2017-12-31", ["oestland"]),
    ]


async def test_it_answers_as_the_record_does(writer: Writer, own_client: AsyncClient) -> None:
    """404 with near ids, 410 when it was deleted, a 304 for who has it."""
    path = PATH.replace("{id}", "dk-oestdanmark")
    answer = await own_client.get(path)
    assert (await own_client.get(path, headers={"If-None-Match": answer.headers["ETag"]})).status_code == 304
    unknown = await own_client.get(PATH.replace("{id}", "dk-ostdanmark"))
    assert (unknown.status_code, unknown.json()["errors"][0]["near"]) == (404, ["dk-oestdanmark"])
    await put(writer, region("proeveland"))
    async with writer.revision(by="test") as revision:
        await revision.delete(regions, "proeveland")
    assert (await own_client.get(PATH.replace("{id}", "proeveland"))).status_code == 410
