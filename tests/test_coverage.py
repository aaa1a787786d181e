"""Which municipalities a health agreement in force binds: question 1 of the field."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.resources.health_agreements import HealthAgreementData, health_agreements
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put


async def coverage(client: AsyncClient, asked: str) -> dict[str, Any]:
    """The answer to a question about coverage."""
    answer: dict[str, Any] = (await client.get(f"/v1/coverage?{asked}")).raise_for_status().json()
    return answer


def agreement(id: str, start: str | None, end: str | None, *parties: str, **answer: Any) -> tuple[Any, str, Any]:
    """A statutory agreement that binds some parties, each with the same answer."""
    body = {
        "kind": "health_agreement",
        "title": id,
        "region": "dk-1085",
        "legal_basis": "Sundhedsloven § 205",
        "period": {"start": start, "end": end},
        "parties": [{"organisation": party, **answer} for party in parties],
    }
    return health_agreements, id, validate(HealthAgreementData, body)


@pytest.mark.parametrize(
    ("as_of", "counts"),
    [
        ("2006-12-31", {}),
        ("2010-06-01", {"uncovered": 98}),
        ("2015-12-31", {"uncovered": 62, "unknown": 19 + 17}),
        ("2016-01-01", {"covered": 19, "uncovered": 62, "unknown": 17}),
        ("2021-01-01", {"covered": 98 - 11, "uncovered": 11}),
        ("2026-11-22", {"covered": 11 + 22 + 17, "uncovered": 19, "unknown": 29}),
        ("2027-01-01", {"covered": 11 + 22 + 17, "uncovered": 19, "unknown": 29}),
        ("2040-01-01", {"uncovered": 19, "unknown": 11 + 22 + 17 + 29}),
    ],
)
async def test_what_the_packaged_data_know(client: AsyncClient, as_of: str, counts: dict[str, int]) -> None:
    """Of 2021 no agreement of Nordjylland is known, of today none of Midtjylland; Hovedstaden's has no period.

    Before the periods that their titles name, none has begun, and none is known to go on long after them.
    """
    answer = await coverage(client, f"as_of={as_of}")
    none = dict.fromkeys(("covered", "partly", "uncovered", "doubly", "unknown"), 0)
    assert answer["counts"] == none | counts
    assert len(answer["items"]) == sum(counts.values())
    for state, count in counts.items():
        found = (await coverage(client, f"as_of={as_of}&state={state}"))["items"]
        assert found == [item for item in answer["items"] if item["state"] == state]
        assert len(found) == count


async def test_municipalities_are_on_the_map_of_the_day_in_danish_order(client: AsyncClient) -> None:
    """In 2027 those of Sjælland and Hovedstaden are in Østdanmark, bound by the agreements of their old regions."""
    answer = await coverage(client, "as_of=2027-01-01&region=dk-oestdanmark")
    assert len(answer["items"]) == 46
    assert answer["counts"] == {"covered": 17, "partly": 0, "uncovered": 0, "doubly": 0, "unknown": 29}
    names = [item["municipality"]["name"] for item in answer["items"]]
    assert (names[0], names[-1]) == ("Albertslund", "Vordingborg")
    assert {item["region"]["name"] for item in answer["items"]} == {"Region Østdanmark"}
    lolland = next(item for item in answer["items"] if item["municipality"]["id"] == "dk-0360")
    assert [agreement["id"] for agreement in lolland["agreements"]] == ["sundhedsaftale-sjaelland-2024"]
    assert (await coverage(client, "as_of=2026-12-31&region=dk-oestdanmark"))["items"] == []


async def test_a_period_has_gaps(client: AsyncClient) -> None:
    """What no agreement covers, on half-open days; an agreement of unknown period fills none."""
    ids = "&".join(f"municipality=dk-{code}" for code in ("0615", "0101", "0410", "0810"))
    answer = await coverage(client, f"as_of=2021-01-01&from=2019-01-01&to=2025-01-01&{ids}")
    assert answer["period"] == {"start": "2019-01-01", "end": "2025-01-01"}
    found = {item["municipality"]["name"]: item for item in answer["items"]}
    spans = {name: [(gap["start"], gap["end"]) for gap in item["gaps"]] for name, item in found.items()}
    assert spans == {
        "Brønderslev": [("2019-01-01", "2024-01-01")],
        "Horsens": [("2024-01-01", "2025-01-01")],
        "København": [("2019-01-01", "2019-07-01"), ("2024-01-01", "2025-01-01")],
        "Middelfart": [("2019-01-01", "2019-07-01")],
    }
    assert {item["state"] for item in answer["items"]} == {"partly"}
    assert [a["id"] for a in found["Horsens"]["agreements"]] == [
        "sundhedsaftale-midtjylland-2015",
        "sundhedsaftale-midtjylland-2019",
    ]
    assert [a["id"] for a in found["København"]["unknown"]] == ["sundhedsaftale-hovedstaden-2024"]


async def test_only_the_days_in_a_region_count(writer: Writer, own_client: AsyncClient) -> None:
    """Neither is a municipality without an agreement before it belongs to one, nor doubly covered when it changes."""
    for asked, count in (("from=2006-01-01&to=2006-12-31", 0), ("from=2006-01-01&to=2007-01-02", 98)):
        answer = await coverage(own_client, f"{asked}&as_of=2026-11-22")
        assert len(answer["items"]) == answer["counts"]["uncovered"] == count, asked
        assert {(gap["start"], gap["end"]) for item in answer["items"] for gap in item["gaps"]} == (
            {("2007-01-01", "2007-01-02")} if count else set()
        )
    moving = await coverage(own_client, "from=2025-01-01&to=2028-01-01&as_of=2026-11-22&municipality=dk-0360")
    assert [(item["state"], len(item["agreements"]), item["gaps"]) for item in moving["items"]] == [("covered", 1, [])]
    await put(writer, agreement("ekstra", "2000-01-01", "2007-01-02", "lolland-kommune"))
    (early,) = (await coverage(own_client, "from=2006-01-01&to=2007-01-02&as_of=2026-11-22&municipality=dk-0360"))[
        "items"
    ]
    assert (early["state"], early["gaps"]) == ("covered", [])


async def test_either_bound_of_a_period_is_the_day_unless_given(client: AsyncClient) -> None:
    """From a day until today, and from today until a day."""
    for asked, start, end in (
        ("", "2021-06-01", "2021-06-02"),
        ("&from=2019-01-01", "2019-01-01", "2021-06-02"),
        ("&to=2025-01-01", "2021-06-01", "2025-01-01"),
    ):
        answer = await coverage(client, f"as_of=2021-06-01&municipality=dk-0360{asked}")
        assert answer["period"] == {"start": start, "end": end}
    for asked, parameter in (("from=2021-01-01&to=2021-01-01", "from"), ("as_of=2021-01-01&to=2020-01-01", "to")):
        refused = await client.get(f"/v1/coverage?{asked}")
        assert refused.status_code == 400
        assert [fault["parameter"] for fault in refused.json()["errors"]] == [parameter]
    refused = await client.get("/v1/coverage?from=2030-01-01&as_of=2026-11-23")
    assert "`to` was left out, and goes by the day asked about, 2026-11-23" in refused.json()["errors"][0]["detail"]


async def test_two_at_once_and_what_the_municipality_itself_decided(writer: Writer, own_client: AsyncClient) -> None:
    """On the days that they share, and in any period that has one of them."""
    adopted = {"decision": "adopted", "decided_on": "2023-11-01", "deadline": "2023-12-01"}
    await put(writer, agreement("ekstra", "2023-12-01", "2024-02-01", "lolland-kommune", **adopted))
    for asked, state in (
        ("as_of=2023-11-30", "covered"),
        ("as_of=2023-12-01", "doubly"),
        ("as_of=2024-01-31", "doubly"),
        ("as_of=2024-02-01", "covered"),
        ("as_of=2026-11-22&from=2020-01-01", "doubly"),
        ("as_of=2026-11-22&from=2015-01-01", "doubly"),
        ("as_of=2026-11-22&from=2024-02-01", "covered"),
    ):
        answer = await coverage(own_client, f"{asked}&municipality=dk-0360")
        assert [item["state"] for item in answer["items"]] == [state], asked
    (item,) = (await coverage(own_client, "as_of=2023-12-01&municipality=dk-0360"))["items"]
    first, second = item["agreements"]
    assert (first["id"], first["decision"]) == ("sundhedsaftale-sjaelland-2019", None)
    assert second == {
        "id": "ekstra",
        "title": "ekstra",
        "legal_basis": "Sundhedsloven § 205",
        "period": {"start": "2023-12-01", "end": "2024-02-01"},
        **adopted,
    }
    counts = (await coverage(own_client, "as_of=2023-12-01"))["counts"]
    assert (counts["doubly"], counts["covered"]) == (1, 98 - 1 - 11)


async def test_only_statutory_agreements_count(writer: Writer, own_client: AsyncClient) -> None:
    """An addendum beside the agreement, or a vision, covers nobody."""
    resource, id, data = agreement("tillaeg", "2019-07-01", None, "lolland-kommune", "broenderslev-kommune")
    await put(writer, (resource, id, data.model_copy(update={"kind": "addendum"})))
    answer = await coverage(own_client, "as_of=2021-01-01&municipality=dk-0360&municipality=dk-0810")
    assert [item["state"] for item in answer["items"]] == ["uncovered", "covered"]


async def test_swedish_municipalities_are_there_when_asked_for(client: AsyncClient) -> None:
    """By their country, their region or their own id."""
    for asked, count in (("country=SE", 33), ("region=se-12", 33), ("municipality=se-1280", 1)):
        answer = await coverage(client, f"{asked}&as_of=2026-11-22")
        assert (len(answer["items"]), answer["counts"]["uncovered"]) == (count, count)
    assert (await coverage(client, "country=DK&region=se-12"))["items"] == []
    assert len((await coverage(client, "country=DK&country=SE"))["items"]) == 98 + 33


async def test_ids_that_nobody_has_are_named_with_near_ones(client: AsyncClient) -> None:
    """As on lists."""
    answer = await client.get("/v1/coverage?region=sjaelland&municipality=dk-036")
    assert answer.status_code == 400
    faults = {fault["parameter"]: fault["near"] for fault in answer.json()["errors"]}
    assert "dk-1085" in faults["region"]
    assert "dk-0360" in faults["municipality"]


DAYS = (
    "2010-01-01",
    "2014-12-31",
    "2015-01-01",
    "2015-12-31",
    "2016-01-01",
    "2019-06-30",
    "2019-07-01",
    "2027-12-31",
    "2028-01-01",
    "2040-01-01",
)
NEVER, EVER = ("9", "9"), ("0", "9")


@pytest.mark.parametrize(
    ("said", "known", "possible"),
    [
        (("2019-07-01", "2024-01-01", None), ("2019-07-01", "2024-01-01"), ("2019-07-01", "2024-01-01")),
        ((None, "2019-07-01", "2015/2018"), ("2016-01-01", "2019-07-01"), ("2015-01-01", "2019-07-01")),
        ((None, "2019-07-01", "2015"), ("2016-01-01", "2019-07-01"), ("2015-01-01", "2019-07-01")),
        ((None, None, "2015"), NEVER, ("2015-01-01", "9")),
        ((None, "2019-07-01", None), NEVER, ("0", "2019-07-01")),
        (("2024-01-01", None, None), ("2024-01-01", "9"), ("2024-01-01", "9")),
        (("2024-01-01", None, "2024/2027"), ("2024-01-01", "2028-01-01"), ("2024-01-01", "9")),
        ((None, None, "2024/2027"), NEVER, ("2024-01-01", "9")),
        ((None, None, None), NEVER, EVER),
    ],
)
async def test_an_agreement_is_in_force_as_far_as_is_known(
    writer: Writer,
    own_client: AsyncClient,
    said: tuple[str | None, str | None, str | None],
    known: tuple[str, str],
    possible: tuple[str, str],
) -> None:
    """By its own period, and by the one that its title names, where the first day is unknown or the last."""
    start, end, nominal = said
    kind, id, data = agreement("aftalen", start, end, "lolland-kommune")
    unknown = {"period": None} if start is end is None else {}
    body = data.model_dump(mode="json") | {"nominal": nominal and {"edtf": nominal}} | unknown
    await put(writer, (kind, id, validate(HealthAgreementData, body)))

    for day in DAYS:
        is_known, is_possible = known[0] <= day < known[1], possible[0] <= day < possible[1]
        for asked, told in (("true", is_known), ("false", not is_possible)):
            answer = await own_client.get(f"/v1/health-agreements?id=aftalen&in_force={asked}&as_of={day}")
            assert len(answer.json()["items"]) == told, (day, asked)
        (lolland,) = (await coverage(own_client, f"as_of={day}&municipality=dk-0360"))["items"]
        for name, told in (("agreements", is_known), ("unknown", is_possible and not is_known)):
            assert ("aftalen" in {item["id"] for item in lolland[name]}) == told, (day, name)


async def test_what_replaces_or_ends_an_agreement_is_heard(writer: Writer, own_client: AsyncClient) -> None:
    """Of unknown end, it is over when another replaces it or a milestone says so; extended, it goes on."""
    open_ended, ended = {"start": "2015-01-01", "end": None}, {"start": "2015-01-01", "end": "2020-01-01"}
    lapsed = [{"kind": "lapsed", "date": {"edtf": "2018-05-01"}}]
    extended = [{"until": "2019-02-01", "legal_basis": None}]
    for id, more in {
        "a-afloest": {"period": open_ended},
        "b-efter": {"period": {"start": "2019-01-01", "end": None}, "replaces": "a-afloest"},
        "c-bortfaldet": {"period": open_ended, "milestones": lapsed},
        "d-forlaenget": {"period": open_ended, "nominal": {"edtf": "2015/2018"}, "extensions": extended},
        "e-endnu": {"period": ended},
        "f-for-tidligt": {"period": {"start": "2019-01-01", "end": "2019-06-01"}, "replaces": "e-endnu"},
    }.items():
        kind, _, data = agreement(id, "2000-01-01", None)
        await put(writer, (kind, id, validate(HealthAgreementData, data.model_dump(mode="json") | more)))
    for day, letters in (("2018-12-31", "ade"), ("2019-01-31", "bdef"), ("2019-02-01", "bef"), ("2019-12-31", "be")):
        found = (await own_client.get(f"/v1/health-agreements?in_force=true&as_of={day}")).json()["items"]
        assert "".join(item["id"][0] for item in found if item["id"][1] == "-") == letters, day


async def test_answers_are_awaited_from_when_they_were_asked_for(writer: Writer, own_client: AsyncClient) -> None:
    """By `course=` as by the deadlines: not before the agreement was sent, nor once all have adopted it."""
    steps = [("sent_to_parties", "2026-10-19"), ("adopted_by_parties", "2026-11-20")]
    kind, id, data = agreement("aftalen", "2027-01-01", None, "lolland-kommune", deadline="2026-12-01")
    milestones = [{"kind": kind, "date": {"edtf": day}} for kind, day in steps]
    body = data.model_dump(mode="json") | {"milestones": milestones}
    await put(writer, (kind, id, validate(HealthAgreementData, body)))
    for day, awaited in (("2026-10-18", 0), ("2026-10-19", 1), ("2026-11-19", 1), ("2026-11-20", 0)):
        for path in ("health-agreements?course=awaiting_answers", "deadlines?kind=answer"):
            found = (await own_client.get(f"/v1/{path}&as_of={day}")).json()["items"]
            assert len(found) == awaited, (path, day)
