"""The life of a grant, from the call to the last report, and what can be asked of it."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.errors import InvalidBody
from app.resources.funding_programmes import FundingProgrammeData, funding_programmes
from app.resources.grants import GrantData, grants
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put


def kroner(amount: str) -> dict[str, str]:
    """An amount in Danish kroner."""
    return {"amount": amount, "currency": "DKK"}


def programme(*calls: str) -> tuple[Any, str, FundingProgrammeData]:
    """A pool with calls."""
    figures = {"applications": 30, "sought": kroner("61800000"), "frame": kroner("35300000"), "awards": 18}
    body = {"kind": "pool", "name": "Prøvepulje", "calls": [{"title": call, **figures} for call in calls]}
    return funding_programmes, "proevepulje", validate(FundingProgrammeData, body)


def grant(id: str, **more: Any) -> tuple[Any, str, GrantData]:
    """A grant of two hundred kroner."""
    body = {"title": id, "programme": "proevepulje", "awarded": kroner("200.00"), "call": "2015", **more}
    return grants, id, validate(GrantData, body)


WHOLE = grant(
    "hele-livet",
    applied={"edtf": "2015-03"},
    sought=kroner("250.00"),
    status="closed",
    award_date={"edtf": "2015-06-01"},
    conditional=True,
    conditions="Under forudsætning af finanslovens vedtagelse",
    recipients=[
        {"organisation": "region-sjaelland", "share": kroner("150.00")},
        {"organisation": "lolland-kommune", "share": kroner("50.00")},
    ],
    instalments=[{"planned_on": "2015-07-01", "planned": kroner("200.00"), "paid": kroner("180.50")}],
    accounts=[
        {
            "due_on": "2016-03-31",
            "delivered_on": "2016-04-02",
            "claimed": kroner("190.00"),
            "accepted": kroner("180.50"),
            "rejected": kroner("9.50"),
            "audit": {"auditor": "Revisionen", "opinion": "qualified", "given_on": "2016-03-30"},
        }
    ],
    reports=[{"title": "Slutrapport", "due_on": "2016-06-30", "delivered_on": "2016-06-29"}],
    recovered=kroner("10.00"),
)


async def test_a_whole_life_is_held_and_found(writer: Writer, own_client: AsyncClient) -> None:
    """Call, application, conditions, shares, payments, audited accounts, report, recovery; each can be asked for."""
    unpaid = grant("uden-regnskab", accounts=[{"due_on": "2020-01-01"}], conditional=False)
    await put(writer, programme("2015", "2016"), WHOLE, unpaid)
    record = (await own_client.get("/v1/funding/grants/hele-livet")).raise_for_status().json()
    assert record["applied"] == {"edtf": "2015-03", "earliest": "2015-03-01", "latest": "2015-03-31"}
    assert [recipient["share"]["amount"] for recipient in record["recipients"]] == [150, 50]
    assert record["accounts"][0]["audit"] == {
        "auditor": "Revisionen",
        "opinion": "qualified",
        "given_on": "2016-03-30",
    }
    assert record["accounts"][0]["rejected"]["amount"] == 9.5
    assert record["reports"][0]["delivered_on"] == "2016-06-29"
    for asked, ids in (
        ("account=late", ["hele-livet"]),
        ("account=rejected", ["hele-livet"]),
        ("account=missing&as_of=2020-01-01", []),
        ("account=missing&as_of=2020-01-02", ["uden-regnskab"]),
        ("account=missing&as_of=2016-04-01", ["hele-livet"]),
        ("recovered=true", ["hele-livet"]),
        ("recovered=false&programme=proevepulje", ["uden-regnskab"]),
        ("conditional=true", ["hele-livet"]),
    ):
        answer = (await own_client.get(f"/v1/funding/grants?{asked}")).raise_for_status()
        assert [item["id"] for item in answer.json()["items"]] == ids, asked
    (call, _) = (await own_client.get("/v1/funding/programmes/proevepulje")).json()["calls"]
    assert (call["applications"], call["awards"], call["sought"]["amount"]) == (30, 18, 61_800_000)


async def test_a_grant_answers_a_call_that_there_is(writer: Writer) -> None:
    """And a call that grants answered cannot be taken away; a programme may be written again."""
    await put(writer, programme("2015", "2016"), WHOLE)
    with pytest.raises(InvalidBody, match="names a call that its programme has"):
        await put(writer, grant("andet", call="2017"))
    with pytest.raises(InvalidBody, match="names a call that its programme has"):
        await put(writer, programme("2016"))
    assert await put(writer, programme("2016", "2015")) == ["replaced"]


def test_shares_stay_within_the_award() -> None:
    """And in its currency."""
    shares = [{"organisation": id, "share": kroner("100.01")} for id in ("region-sjaelland", "lolland-kommune")]
    with pytest.raises(InvalidBody, match=r"What the recipients share comes to 200.02, above the award of 200.00"):
        grant("for-meget", recipients=shares)
