"""Consultations, and what became of each response; reviews; successions."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.errors import InvalidBody
from app.resources.consultations import ConsultationData, consultations
from app.resources.health_agreements import HealthAgreementData, health_agreements
from app.resources.organisations import OrganisationData, organisations
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put


def consultation(*responses: dict[str, Any], **about: str) -> ConsultationData:
    """A consultation with responses."""
    body = {"title": "Prøvehøring", "responses": list(responses), **(about or {"plan": "sundhedsplan-syddanmark"})}
    return validate(ConsultationData, body)


async def test_which_responses_were_rejected_and_why(writer: Writer, own_client: AsyncClient) -> None:
    """One request finds them, by outcome, respondent and what they are about."""
    rejected = {
        "organisation": "vejen-kommune",
        "received": {"edtf": "2023-08"},
        "summary": "Ønsker et mål for genoptræning",
        "outcome": "rejected",
        "reason": "Genoptræning er dækket af mål 2",
    }
    await put(writer, (consultations, "proeve", consultation(rejected, {"described_as": "en patientforening"})))
    for asked in ("outcome=rejected", "organisation=vejen-kommune", "plan=sundhedsplan-syddanmark"):
        (found,) = (await own_client.get(f"/v1/consultations?{asked}")).json()["items"]
        assert found["responses"][0]["reason"] == "Genoptræning er dækket af mål 2"
        assert found["responses"][1]["outcome"] is None
    assert (await own_client.get("/v1/consultations?outcome=taken_in")).json()["items"] == []


def test_impossible_responses_are_refused() -> None:
    """From nobody, from two, with a reason for nothing; about nothing, or two things."""
    with pytest.raises(InvalidBody, match="exactly one of organisation and described_as"):
        consultation({"summary": "Nej"})
    with pytest.raises(InvalidBody, match="A reason belongs to an outcome"):
        consultation({"organisation": "vejen-kommune", "reason": "Fordi"})
    with pytest.raises(InvalidBody, match="exactly one of agreement and plan"):
        consultation(plan="sundhedsplan-syddanmark", agreement="sundhedsaftale-syddanmark-2024")


async def test_the_consultations_of_2023(client: AsyncClient) -> None:
    """Two are documented; one is open on its last day and closed on the next."""
    listed = (await client.get("/v1/consultations?sort=start")).json()["items"]
    assert [(c["agreement"]["id"], c["period"]) for c in listed] == [
        ("sundhedsaftale-syddanmark-2024", {"start": "2023-05-09", "end": "2023-08-10"}),
        ("sundhedsaftale-nordjylland-2024", {"start": "2023-06-28", "end": "2023-09-09"}),
    ]
    for day, count in (("2023-08-09", 2), ("2023-08-10", 1), ("2023-09-09", 0)):
        assert len((await client.get(f"/v1/consultations?open=true&as_of={day}")).json()["items"]) == count


async def test_an_agreement_is_reviewed_once_a_year(writer: Writer, own_client: AsyncClient) -> None:
    """And found by the year; an addendum belongs to its agreement, and only an addendum does."""
    fields: dict[str, Any] = {"kind": "health_agreement", "title": "Prøve", "region": "dk-1085"}
    review = {"year": 2020, "held": {"edtf": "2021-02"}, "summary": "Målene følges"}
    await put(writer, (health_agreements, "proeve", validate(HealthAgreementData, {**fields, "reviews": [review]})))
    (found,) = (await own_client.get("/v1/health-agreements?reviewed=2020")).json()["items"]
    assert (found["id"], found["reviews"][0]["held"]["earliest"]) == ("proeve", "2021-02-01")
    assert (await own_client.get("/v1/health-agreements?reviewed=2021")).json()["items"] == []
    (addendum,) = (await own_client.get("/v1/health-agreements?amends=sundhedsaftale-syddanmark-2019")).json()["items"]
    assert addendum["kind"] == "addendum"
    twice = validate(HealthAgreementData, {**fields, "reviews": [review, review]})
    with pytest.raises(InvalidBody, match="reviewed once for each year"):
        await put(writer, (health_agreements, "to-gange", twice))
    with pytest.raises(InvalidBody, match="Only an addendum amends"):
        validate(HealthAgreementData, {**fields, "amends": "sundhedsaftale-syddanmark-2019"})


async def test_organisations_follow_each_other(client: AsyncClient) -> None:
    """The committees of 2022 follow the older ones; one region's authority follows two."""
    url = "/v1/organisations/sundhedskoordinationsudvalget-hovedstaden"
    old = (await client.get(f"{url}?as_of=2022-06-30")).json()
    assert [later["id"] for later in old["successors"]] == ["sundhedssamarbejdsudvalget-hovedstaden"]
    assert [member["seats"] for member in old["current_members"]] == [5, 5, 2]
    assert (await client.get(f"{url}?as_of=2022-07-01")).json()["current_members"] == []
    new = (await client.get("/v1/organisations/sundhedssamarbejdsudvalget-hovedstaden")).json()
    assert new["predecessors"][0]["legal_basis"] == "L 191 (2022)"
    east = (await client.get("/v1/organisations/region-oestdanmark")).json()
    assert [p["organisation"]["id"] for p in east["predecessors"]] == ["region-hovedstaden", "region-sjaelland"]


async def test_who_sat_on_a_committee_on_a_day(writer: Writer, own_client: AsyncClient) -> None:
    """Named persons come and go; a vague period counts while it may hold the day."""

    def member(person: str, **when: Any) -> dict[str, Any]:
        return {"organisation": "region-sjaelland", "person": person, **when}

    members = [
        member("Ada", period={"start": "2018-01-01", "end": "2020-01-01"}),
        member("Bo", period={"start": "2020-01-01", "end": None}),
        member("Cecilie", stated={"edtf": "2019"}),
        member("Dan"),
    ]
    committee = validate(OrganisationData, {"kind": "committee", "name": "Prøveudvalg", "members": members})
    await put(writer, (organisations, "proeveudvalg", committee))
    for day, sat in (
        ("2017-12-31", ["Dan"]),
        ("2019-06-01", ["Ada", "Cecilie", "Dan"]),
        ("2020-01-01", ["Bo", "Dan"]),
    ):
        record = (await own_client.get(f"/v1/organisations/proeveudvalg?as_of={day}")).json()
        assert [seated["person"] for seated in record["current_members"]] == sat
    (found,) = (await own_client.get("/v1/organisations?person=Cecilie")).json()["items"]
    assert found["id"] == "proeveudvalg"
