"""Who pays for an initiative: sources and shares, exact, never counted twice, never converted."""

import json
from decimal import Decimal
from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.resources.funding_programmes import FundingProgrammeData, funding_programmes
from app.resources.grants import GrantData, grants
from app.resources.initiatives import InitiativeData, initiatives
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put
from tests.test_contract import validator

PATH: Final = "/v1/initiatives/{id}/financing"


def euros(amount: str, currency: str = "EUR") -> dict[str, str]:
    """An amount."""
    return {"amount": amount, "currency": currency}


def programme(id: str, kind: str, **more: Any) -> tuple[Any, str, FundingProgrammeData]:
    """A funding programme."""
    return funding_programmes, id, validate(FundingProgrammeData, {"kind": kind, "name": id.title(), **more})


def grant(id: str, programme: str, **more: Any) -> tuple[Any, str, GrantData]:
    """A grant for the project."""
    body = {"title": id, "programme": programme, "initiative": "projekt", **more}
    return grants, id, validate(GrantData, body)


def project(**more: Any) -> tuple[Any, str, InitiativeData]:
    """The project."""
    return initiatives, "projekt", validate(InitiativeData, {"kind": "project", "title": "Projekt", **more})


def partner(id: str, **more: Any) -> dict[str, Any]:
    """A partner of the project."""
    return {"organisation": id, "role": "partner", **more}


async def ask(client: AsyncClient, id: str = "projekt") -> dict[str, Any]:
    """The financing of an initiative, held against the OpenAPI, with its numbers exact."""
    answer = (await client.get(PATH.replace("{id}", id))).raise_for_status()
    validator(PATH).validate(answer.json())
    financing: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
    return financing


async def test_the_pre_project_in_the_oeresund(client: AsyncClient) -> None:
    """99,994 of 199,994 EUR come from ERUF; of the other 100,000 nobody has told the register."""
    found = await ask(client, "primaere-sundhedstjenester-oeresund")
    assert found["budget"] == {"amount": 199994, "currency": "EUR"}
    (line,) = found["grants"]
    assert (line["programme"]["name"], line["fund"], line["from_eu"]) == ("Öresund", "ERUF", True)
    assert (line["currency"], line["awarded"], line["sought"], line["paid"]) == ("EUR", 99994, None, None)
    exact = round(Decimal(99994) / Decimal(199994) * 100, 10)
    assert str(exact) == "49.9984999550"
    assert found["eu"]["granted"] == {"amount": 99994, "percent": exact}
    assert found["eu"]["planned"] == found["eu"]["paid"] == {"amount": None, "percent": None}
    assert found["financed"] == {"amount": 99994, "currency": "EUR"}
    assert found["not_financed"] == {"amount": 100000, "currency": "EUR"}
    assert [p["organisation"]["id"] for p in found["partners"]] == ["region-sjaelland", "region-skaane"]


async def test_what_the_european_union_pays_at_each_stage(writer: Writer, own_client: AsyncClient) -> None:
    """An EU programme, what is a part of one however far below, and what names an EU fund; a pool is none."""
    await put(
        writer,
        project(budget=euros("1000.00")),
        programme("ramme", "eu_programme"),
        programme("del", "sub_programme", parent="ramme"),
        programme("del-af-del", "sub_programme", parent="del"),
        programme("socialfond", "sub_programme", fund="ESF"),
        programme("pulje", "pool", fund="Satspuljen"),
        grant(
            "a", "del-af-del", sought=euros("300.00"), awarded=euros("200.00"), instalments=[{"paid": euros("66.67")}]
        ),
        grant("b", "socialfond", sought=euros("33.33"), awarded=euros("33.33")),
        grant("c", "pulje", sought=euros("500.00"), awarded=euros("400.00"), instalments=[{"paid": euros("400.00")}]),
        grant("d", "ramme", awarded=euros("5000.00", "SEK")),
        grant("e", "ramme", sought=euros("900.00"), status="rejected"),
        grant("f", "ramme", sought=euros("900.00"), status="withdrawn"),
    )
    found = await ask(own_client)
    lines = [(line["programme"]["id"], line["currency"], line["from_eu"], line["awarded"]) for line in found["grants"]]
    assert lines == [
        ("del-af-del", "EUR", True, 200),
        ("pulje", "EUR", False, 400),
        ("ramme", "SEK", True, 5000),
        ("socialfond", "EUR", True, Decimal("33.33")),
    ]
    assert found["eu"] == {
        "planned": {"amount": Decimal("333.33"), "percent": Decimal("33.333")},
        "granted": {"amount": Decimal("233.33"), "percent": Decimal("23.333")},
        "paid": {"amount": Decimal("66.67"), "percent": Decimal("6.667")},
    }
    assert found["not_financed"]["amount"] == Decimal("366.67"), "kronor are listed and not converted"


@pytest.mark.parametrize(
    ("partners", "awards", "financed"),
    [
        ([], [], "0.00"),
        ([partner("region-skaane", contribution=euros("10.00"))], [], "10.00"),
        (
            [partner("region-skaane", contribution=euros("10.00"), cofinancing=euros("50.00"))],
            [("40.00", None)],
            "60.00",
        ),
        (
            [partner("region-skaane", contribution=euros("10.00"), cofinancing=euros("50.00"))],
            [("70.00", None)],
            "80.00",
        ),
        ([partner("region-skaane", contribution=euros("99.00", "SEK"))], [("70.00", "7.50")], "62.50"),
        ([partner("region-skaane", cofinancing=euros("999.00"))], [], "999.00"),
    ],
)
async def test_what_is_not_financed(
    writer: Writer,
    own_client: AsyncClient,
    partners: list[dict[str, Any]],
    awards: list[tuple[str, str | None]],
    financed: str,
) -> None:
    """The co-financing that partners state includes the grants, and what was recovered finances nothing."""
    given = [
        grant(f"g-{n}", "interreg-oeks-2014", awarded=euros(awarded), recovered=recovered and euros(recovered))
        for n, (awarded, recovered) in enumerate(awards)
    ]
    await put(writer, project(budget=euros("100.00"), partners=partners), *given)
    found = await ask(own_client)
    assert found["financed"] == {"amount": Decimal(financed), "currency": "EUR"}
    assert found["not_financed"] == {"amount": 100 - Decimal(financed), "currency": "EUR"}


async def test_a_payment_finances_even_where_the_award_is_unknown(writer: Writer, own_client: AsyncClient) -> None:
    """And counts once where it is known."""
    paid = [{"paid": euros("30.00")}]
    await put(
        writer,
        project(budget=euros("100.00")),
        grant("kendt", "interreg-oeks-2014", awarded=euros("40.00"), instalments=paid),
        grant("ukendt", "interreg-oeks-2014", instalments=paid),
    )
    found = await ask(own_client)
    assert found["financed"]["amount"] == 70
    (line,) = found["grants"]
    assert (line["grants"], line["awards_unknown"], line["awarded"], line["paid"]) == (2, 1, 40, 60)


async def test_without_a_budget_there_is_no_share(writer: Writer, own_client: AsyncClient) -> None:
    """Unknown is null; the grants are listed all the same."""
    await put(writer, project(), grant("g", "interreg-oeks-2014", awarded=euros("40.00")))
    found = await ask(own_client)
    assert [line["awarded"] for line in found["grants"]] == [40]
    assert found["budget"] is found["financed"] is found["not_financed"] is None
    assert found["eu"]["granted"] == {"amount": None, "percent": None}


async def test_a_budget_of_nothing_has_no_shares(writer: Writer, own_client: AsyncClient) -> None:
    """What would be divided by zero is null."""
    await put(writer, project(budget=euros("0")), grant("g", "interreg-oeks-2014", awarded=euros("40.00")))
    found = await ask(own_client)
    assert found["eu"]["granted"] == {"amount": 40, "percent": None}
    assert found["not_financed"]["amount"] == -40


async def test_it_answers_as_the_record_does(writer: Writer, own_client: AsyncClient) -> None:
    """404 with near ids, 410 when it was deleted, a 304 for who has it, and the day."""
    path = PATH.replace("{id}", "broen-til-bedre-sundhed")
    answer = await own_client.get(f"{path}?as_of=2014-09-19")
    assert answer.headers["Broen-As-Of"] == answer.json()["as_of"] == "2014-09-19"
    held = {"If-None-Match": answer.headers["ETag"]}
    assert (await own_client.get(f"{path}?as_of=2014-09-19", headers=held)).status_code == 304
    unknown = await own_client.get(PATH.replace("{id}", "broen-til-sundhed"))
    assert (unknown.status_code, unknown.json()["errors"][0]["near"]) == (404, ["broen-til-bedre-sundhed"])
    await put(writer, project())
    async with writer.revision(by="test") as revision:
        await revision.delete(initiatives, "projekt")
    assert (await own_client.get(PATH.replace("{id}", "projekt"))).status_code == 410
