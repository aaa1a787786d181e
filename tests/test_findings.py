"""What breaks a rule of law or of sense, and what does not."""

from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.insights.findings.catalogue import RULES
from app.rest.writing import Writer
from tests.conftest import put
from tests.rule_cases import (
    BOUND,
    BUDGET,
    CASES,
    DUE,
    GOAL,
    POOL,
    Record,
    agreement,
    answered,
    grant,
    heard,
    initiative,
    kroner,
    municipality,
    partners,
    period,
    plan,
    programme,
    steps,
    written,
)
from tests.test_contract import validator
from tests.test_lists import follow

NOTHING: Final[dict[str, Any]] = {
    **dict.fromkeys(("day", "days", "period", "amount", "against", "difference", "stated")),
    "fields": [],
    "others": [],
}


async def findings(client: AsyncClient, asked: str) -> dict[str, Any]:
    """A page of findings, which is as it is declared."""
    page: dict[str, Any] = (await client.get(f"/v1/findings?{asked}")).raise_for_status().json()
    validator("/v1/findings").validate(page)
    return page


async def counts(client: AsyncClient, asked: str) -> dict[str, int]:
    """How many findings there are of each rule that something breaks."""
    return {each["rule"]: each["count"] for each in (await findings(client, asked))["counts"]["rules"] if each["count"]}


def test_every_rule_has_its_case() -> None:
    """And no case is of a rule that is gone."""
    assert set(CASES) == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", CASES)
async def test_each_rule_finds_what_breaks_it_and_nothing_else(
    writer: Writer, own_client: AsyncClient, rule: str
) -> None:
    """The same records, once whole and once broken."""
    case = CASES[rule]
    asked = f"rule={rule}&as_of={case.as_of}&limit=1000"

    async def mine() -> list[dict[str, Any]]:
        found = (await findings(own_client, asked))["items"]
        return [each for each in found if each["record"]["path"] == case.record]

    await put(writer, *map(written, case.whole))
    assert await mine() == []
    await put(writer, *map(written, case.broken))
    (found,) = await mine()
    assert found["detail"] == NOTHING | case.detail
    if case.areas is not None:
        assert [area["name"] for area in found["areas"]] == case.areas


UNKNOWN: Final[dict[str, list[Record]]] = {
    "municipality_uncovered": [agreement("proeve", "horsens-kommune", period=None)],
    "municipality_doubly_covered": [agreement("proeve", "lolland-kommune", period=period(None, "2030-01-01"))],
    "municipality_in_no_region": [municipality(start=None)],
    "agreements_overlap": [
        agreement("proeve-1", period=period(None, "2019-07-01")),
        agreement("proeve-2", period=period("2018-01-01", None)),
        agreement("proeve-3"),
    ],
    "agreement_binds_others": [agreement("proeve", "region-nordjylland", **BOUND)],
    "agreement_outside_its_title": [
        agreement("proeve-1", nominal={"edtf": "2019/2023"}, period=period("2019-07-01", None)),
        agreement("proeve-2", nominal={"edtf": "2019/2023"}, period=period(None, "2023-07-01")),
        agreement("proeve-3", nominal={"edtf": "2015~/2018~"}, period=period("2014-12-01", "2019-02-01")),
    ],
    "agreement_in_force_otherwise": [
        agreement("proeve-1", period=period("2019-07-01", None), milestones=steps(in_force=None)),
        agreement("proeve-2", period=period(None, "2020-01-01"), milestones=steps(in_force="2019")),
    ],
    "agreement_not_reviewed": [agreement("proeve", period=period(None, "2030-01-01"))],
    "answer_missing": [answered(deadline="2019-06-24")],
    "answer_late": [answered(decision="adopted", deadline="2019-06-24")],
    "answer_unknown": [
        agreement(
            "proeve",
            milestones=steps(adopted_by_parties="2019-06-26"),
            parties=[{"organisation": "lolland-kommune", "deadline": "2019-06-24"}],
        )
    ],
    "consultation_otherwise": heard(period=period(None, None)),
    "plan_adopted_before_advice": [
        plan(
            advice="2025-06-20",
            milestones=[
                {"kind": "adopted", "announced": False, "date": {"edtf": "2025-06-15"}},
                {"kind": "advice_obtained", "announced": False, "date": None},
            ],
        )
    ],
    "plan_adopted_without_advice": [
        plan(advice=None, milestones=[{"kind": "adopted", "announced": True, "date": {"edtf": "2025"}}])
    ],
    "budget_differs_from_partners": [initiative(budget=BUDGET, partners=partners("60.00", None))],
    "grants_above_budget": [initiative(), POOL, grant("1000.00")],
    "not_financed": [
        initiative(budget=BUDGET, partners=partners(None, contribution=kroner("1.00", "EUR"))),
    ],
    "grant_above_rate": [
        initiative(budget=kroner("100.00", "EUR")),
        programme({"rate": 50}),
        grant("1000.00"),
    ],
    "grant_above_cap": [
        initiative(),
        programme({"partner_country": "SE", "cap": BUDGET}, {"project_kind": "pilot", "cap": BUDGET}),
        grant("1000.00"),
    ],
    "instalments_above_award": [
        initiative(),
        POOL,
        grant("100.00", instalments=[{"planned": kroner("1000.00", "EUR")}, {"planned": None}]),
    ],
    "account_missing": [initiative(), POOL, grant("1.00", status="closed", accounts=[DUE, {"due_on": None}])],
}


@pytest.mark.parametrize("rule", UNKNOWN)
async def test_nobody_is_accused_of_what_is_merely_unknown(writer: Writer, own_client: AsyncClient, rule: str) -> None:
    """Null is no breach."""
    await put(writer, *map(written, UNKNOWN[rule]))
    items = (await findings(own_client, f"rule={rule}&as_of=2026-11-22&limit=1000"))["items"]
    mine = [each for each in items if each["record"]["id"].startswith(("proeve", "dk-0999", "dk-0615", "dk-0360"))]
    assert mine == []


NORWAY: Final = ({"rate": 50}, {"partner_country": "SE", "rate": 25}, {"project_kind": "pilot", "rate": 40})


@pytest.mark.parametrize(
    ("recipients", "kind", "most"),
    [
        (["region-sjaelland"], "project", 50),
        (["region-skaane"], "project", 25),
        (["region-sjaelland"], "pilot", 40),
        (["region-skaane"], "pilot", 40),  # two rules fit equally closely: the more generous counts
        (["region-sjaelland", "region-skaane"], "project", 50),  # of two countries: nobody knows whose rule it is
        (["trygfonden"], "pilot", 50),
        ([], "project", 50),
    ],
)
async def test_the_rate_is_that_of_the_kind_of_project_and_the_partners_country(
    writer: Writer, own_client: AsyncClient, recipients: list[str], kind: str, most: int
) -> None:
    """The rule that fits most closely; where it cannot be told, the most generous; a part follows the programme."""
    receiving = [{"organisation": id} for id in recipients]
    part = ("funding/programmes", "proeve-del", {"kind": "sub_programme", "name": "Del", "parent": "proeve"})
    records = [initiative(kind=kind, budget=BUDGET), programme(*NORWAY), part]
    for pool in ("proeve", "proeve-del"):
        more = {"recipients": receiving, "programme": pool}
        grants = [grant(f"{most}.00", f"{pool}-netop", **more), grant(f"{most}.01", f"{pool}-over", **more)]
        await put(writer, *map(written, [*records, *grants]))
        items = (await findings(own_client, "rule=grant_above_rate"))["items"]
        assert [each["record"]["id"] for each in items if each["record"]["id"].startswith(pool)][-1:] == [
            f"{pool}-over"
        ]
        assert {each["detail"]["against"]["amount"] for each in items} == {most}


async def test_a_part_with_rules_of_its_own_follows_those(writer: Writer, own_client: AsyncClient) -> None:
    """Not those of the programme above."""
    part = {"kind": "sub_programme", "name": "Del", "parent": "proeve", "cofinancing_rules": [{"rate": 75}]}
    await put(
        writer,
        *map(written, [initiative(budget=BUDGET), programme({"rate": 50}), ("funding/programmes", "proeve-del", part)]),
        *map(
            written, [grant("75.00", "netop", programme="proeve-del"), grant("75.01", "over", programme="proeve-del")]
        ),
    )
    items = (await findings(own_client, "rule=grant_above_rate"))["items"]
    assert [(each["record"]["id"], each["detail"]["against"]["amount"]) for each in items] == [("over", 75)]


GOALS: Final = {f"goal_without_{what}": 4 for what in ("indicator", "baseline", "target", "initiative")}


@pytest.mark.parametrize(
    ("as_of", "uncovered", "unreviewed"),
    [("2021-01-01", 11, 4), ("2026-11-22", 19, 3), ("2027-01-01", 19, 3)],
)
async def test_what_the_packaged_data_give(client: AsyncClient, as_of: str, uncovered: int, unreviewed: int) -> None:
    """One contradiction that an extension might explain, and what is not known."""
    assert await counts(client, f"as_of={as_of}") == GOALS | {
        "agreement_outside_its_title": 1,
        "municipality_uncovered": uncovered,
        "agreement_not_reviewed": unreviewed,
        "answer_unknown": 23,
        "agreement_without_period": 2,
        "not_financed": 1,
    }
    page = await findings(client, f"as_of={as_of}&severity=warning&severity=error")
    (item,) = page["items"]
    assert item["record"]["id"] == "sundhedsaftale-midtjylland-2015"
    assert item["sentence"].startswith("Aftalen gælder uden for den periode")
    assert page["counts"]["severities"] == {"error": 0, "warning": 1, "notice": 0}
    (money,) = (await findings(client, f"as_of={as_of}&rule=not_financed"))["items"]
    assert money["detail"]["difference"] == {"amount": -100000, "currency": "EUR"}


async def test_goals_without_are_asked_for_together(client: AsyncClient) -> None:
    """Question 7 of the field; a rule may be repeated, and is counted even when nothing breaks it."""
    page = await findings(client, "rule=goal_without_target&rule=goal_without_indicator&rule=account_late")
    assert [(each["rule"], each["count"]) for each in page["counts"]["rules"]] == [
        ("account_late", 0),
        ("goal_without_indicator", 4),
        ("goal_without_target", 4),
    ]
    assert page["counts"]["total"] == len(page["items"]) == 8


async def test_a_goal_with_parts_is_followed_by_way_of_them(writer: Writer, own_client: AsyncClient) -> None:
    """Only the parts are asked for."""
    part = ("goals", "proeve-del", GOAL[2] | {"parent": "proeve"})
    await put(writer, *map(written, [GOAL, part]))
    items = (await findings(own_client, "rule=goal_without_indicator"))["items"]
    assert {each["record"]["id"] for each in items if "proeve" in each["record"]["id"]} == {"proeve-del"}


async def test_findings_are_told_in_danish_or_english(client: AsyncClient) -> None:
    """Danish unless asked otherwise; the rules too."""
    asked = "rule=municipality_uncovered&as_of=2026-11-22&limit=1"
    (danish,) = (await findings(client, asked))["items"]
    (english,) = (await findings(client, f"{asked}&lang=en"))["items"]
    assert danish["sentence"] == "Registret kender ingen sundhedsaftale, der gælder for kommunen."
    assert english["sentence"] == "The register knows of no health agreement in force that binds the municipality."
    assert english["basis"] == "The Danish Health Act (Sundhedsloven) § 205"
    assert english["record"] == danish["record"]
    for lang, sentences in (("da", danish), ("en", english)):
        rules = (await client.get(f"/v1/findings/rules?lang={lang}")).raise_for_status().json()["items"]
        assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
        (rule,) = (rule for rule in rules if rule["id"] == "municipality_uncovered")
        assert {key: rule[key] for key in ("sentence", "basis")} == {
            key: sentences[key] for key in ("sentence", "basis")
        }
    validator("/v1/findings/rules").validate((await client.get("/v1/findings/rules")).json())
    assert len(RULES) == len({rule.sentence.da for rule in RULES}) == len({rule.sentence.en for rule in RULES})


async def test_a_region_has_what_concerns_it_and_what_lies_in_it(client: AsyncClient) -> None:
    """In 2027 Østdanmark has what concerned Sjælland and Hovedstaden; an ended region is still found by its name."""
    east = await counts(client, "as_of=2027-01-01&region=dk-oestdanmark")
    assert east == GOALS | {"agreement_without_period": 2, "agreement_not_reviewed": 1, "not_financed": 1}
    assert await counts(client, "as_of=2026-12-31&region=dk-oestdanmark") == {}
    both = await counts(client, "as_of=2026-12-31&region=dk-1084&region=dk-1085")
    assert both == east
    assert await counts(client, "as_of=2027-01-01&region=dk-1082") == {
        "agreement_outside_its_title": 1,
        "municipality_uncovered": 19,
    }
    skaane = await findings(client, "region=se-12")
    assert [each["record"]["path"] for each in skaane["items"]] == ["initiatives/primaere-sundhedstjenester-oeresund"]
    assert [area["name"] for area in skaane["items"][0]["areas"]] == ["Region Sjælland", "Region Skåne"]
    assert await counts(client, "resource=goals&resource=initiatives&region=dk-1085") == GOALS | {"not_financed": 1}


async def test_pages_of_findings_add_up(client: AsyncClient) -> None:
    """Nothing is cut, repeated or skipped; the counts are those of the whole on each page."""
    whole = await findings(client, "as_of=2026-11-22&limit=1000")
    assert len(whole["items"]) == whole["counts"]["total"]
    assert whole["next"] is None
    first = await findings(client, "as_of=2026-11-22&limit=7")
    assert first["counts"] == whole["counts"]
    assert await follow(client, "/v1/findings?as_of=2026-11-22&limit=7") == whole["items"]
    order = [RULES.index(next(r for r in RULES if r.id == each["rule"])) for each in whole["items"]]
    assert order == sorted(order)
    for asked in ("as_of=2026-11-22&rule=not_financed", "as_of=2021-01-01", "as_of=2026-11-22&lang=en"):
        refused = await client.get(f"/v1/findings?{asked}&cursor={first['next']}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["parameter"] == "cursor"
    assert (await findings(client, f"cursor={first['next']}&limit=1"))["as_of"] == "2026-11-22"


async def test_what_is_asked_wrongly_is_refused_with_what_would_be_right(client: AsyncClient) -> None:
    """Rules, resources, regions; and rules that are of another severity are none."""
    for asked, parameter, near in (
        ("rule=goal_without_indicators", "rule", "goal_without_indicator"),
        ("resource=goal", "resource", "goals"),
        ("severity=grave", "severity", "'error', 'warning' or 'notice'"),
        ("region=dk-10855", "region", "dk-1085"),
    ):
        refused = await client.get(f"/v1/findings?{asked}")
        assert refused.status_code == 400
        (fault,) = refused.json()["errors"]
        assert fault["parameter"] == parameter
        assert near in fault["detail"] + str(fault["near"])
    nothing = await findings(client, "rule=not_financed&severity=error")
    assert (nothing["items"], nothing["counts"]["rules"], nothing["counts"]["total"]) == ([], [], 0)
