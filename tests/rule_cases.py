"""For each rule of the findings: a register in which nothing breaks it, and one in which something does."""

from dataclasses import dataclass, field
from typing import Any, Final

from app.resources import RESOURCES
from app.rest.body import validate

Record = tuple[str, str, dict[str, Any]]
"""The name of a resource, an id, and a body."""
BY_NAME: Final = {resource.name: resource for resource in RESOURCES}
SOURCES: Final = [{"document": "pressemeddelelse-broen-2014", "fields": ["/title"]}]
PRESS_RELEASE: Final = "Sundhedsminister giver to millioner til Broen til bedre sundhed"
NORDJYLLAND: Final = (
    "morsoe thisted broenderslev frederikshavn vesthimmerlands laesoe rebild mariagerfjord jammerbugt aalborg hjoerring"
)


@dataclass(frozen=True)
class Case:
    """What breaks a rule, and what is told of it; and how the same records look when nothing does."""

    whole: list[Record]
    broken: list[Record]
    record: str
    detail: dict[str, Any] = field(default_factory=dict)
    areas: list[str] | None = None
    as_of: str = "2026-11-22"


def written(record: Record) -> tuple[Any, str, Any]:
    """A record as it is written, its amounts exact."""
    name, id, body = record
    return BY_NAME[name], id, validate(BY_NAME[name].data, body)


def kroner(amount: str, currency: str = "DKK") -> dict[str, str]:
    """An amount."""
    return {"amount": amount, "currency": currency}


def money(amount: float, currency: str = "DKK") -> dict[str, Any]:
    """An amount as it is answered."""
    return {"amount": amount, "currency": currency}


def period(start: str | None, end: str | None) -> dict[str, str | None]:
    """A period."""
    return {"start": start, "end": end}


def steps(**dates: str | None) -> list[dict[str, Any]]:
    """Milestones, each with its date."""
    return [{"kind": kind, "date": edtf and {"edtf": edtf}} for kind, edtf in dates.items()]


def agreement(id: str, *parties: str, **more: Any) -> Record:
    """A statutory agreement of Region Skåne, which has no other."""
    bound = [{"organisation": party} for party in parties]
    body = {"kind": "health_agreement", "title": id, "region": "se-12", "parties": bound, "sources": SOURCES}
    return "health-agreements", id, body | more


def answered(**answer: Any) -> Record:
    """An agreement to which Lolland Kommune gave this answer."""
    return agreement("proeve", parties=[{"organisation": "lolland-kommune", **answer}])


def plan(*, advice: str | None, adopted: str = "2025-06-15", **more: Any) -> Record:
    """A health plan, adopted and advised on these days."""
    milestones = [{"kind": "adopted", "announced": False, "date": {"edtf": adopted}}]
    obtained = [{"organisation": "region-sjaelland", "obtained_on": advice}] if advice else []
    body = {"kind": "health_plan", "title": "Prøveplan", "organisation": "region-syddanmark", "sources": SOURCES}
    return "plans", "proeve", {**body, "milestones": milestones, "advice": obtained, **more}


GOAL: Final[Record] = ("goals", "proeve", {"number": 9, "title": "Prøvemål", "plan": "sundhed-taet-paa-dig"})


def indicator(**target: Any) -> Record:
    """An indicator that follows the goal."""
    return "indicators", "proeve", {"title": "Prøve", "targets": [{"goal": "proeve", **target}]}


def initiative(**more: Any) -> Record:
    """An initiative in Lolland."""
    body = {"kind": "project", "title": "Prøve", "areas": [{"municipality": "dk-0360"}], "sources": SOURCES}
    return "initiatives", "proeve", body | more


def partners(*budgets: str | None, **more: Any) -> list[dict[str, Any]]:
    """Partners with these budgets."""
    ids = ("region-sjaelland", "lolland-kommune", "guldborgsund-kommune")
    return [
        {"organisation": id, "role": "partner", "budget": budget and kroner(budget), **more}
        for id, budget in zip(ids, budgets, strict=False)
    ]


def programme(*rules: dict[str, Any]) -> Record:
    """A programme with rules of co-financing."""
    return "funding/programmes", "proeve", {"kind": "pool", "name": "Prøve", "cofinancing_rules": list(rules)}


def grant(awarded: str, id: str = "proeve", **more: Any) -> Record:
    """A grant for the initiative, to Region Sjælland."""
    body = {"title": "Prøve", "programme": "proeve", "initiative": "proeve", "sources": SOURCES}
    recipients = [{"organisation": "region-sjaelland"}]
    return "funding/grants", id, {**body, "awarded": kroner(awarded), "recipients": recipients, **more}


def municipality(*memberships: tuple[str, str | None], start: str | None = "2007-01-01") -> Record:
    """A municipality that belonged to Region Syddanmark in these periods."""
    belonged = [{"region": "dk-1083", "period": period(*membership)} for membership in memberships]
    return "municipalities", "dk-0999", {
        "country": "DK", "name": "Prøve", "period": period(start, None), "memberships": belonged
    }  # fmt: skip


def heard(**more: Any) -> list[Record]:
    """An agreement with milestones of its consultation, and the consultation."""
    milestones = steps(consultation_opened="2030-05", consultation_closed="2030-08-09")
    body = {"title": "Prøve", "agreement": "proeve", "sources": SOURCES}
    return [agreement("proeve", milestones=milestones), ("consultations", "proeve", body | more)]


def party(organisation: str) -> dict[str, str]:
    """An organisation as findings show it."""
    name = organisation.replace("-", " ").title()
    path = f"organisations/{organisation}"
    return {"resource": "organisations", "id": organisation, "title": name, "path": path}


def other(resource: str, id: str, title: str) -> dict[str, str]:
    """Another record as findings show it."""
    return {"resource": resource, "id": id, "title": title, "path": f"{resource}/{id}"}


POOL, BUDGET = programme(), kroner("100.00")
LOLLAND, NORTH = party("lolland-kommune"), [f"{name}-kommune" for name in NORDJYLLAND.split()]
BOUND: Final = {"region": "dk-1081", "period": period("2015-01-01", "2016-01-01")}
DUE: Final = {"due_on": "2016-03-31"}
REPORT: Final = {"title": "Slutrapport", **DUE}

CASES: Final[dict[str, Case]] = {
    "municipality_uncovered": Case(
        [agreement("proeve", "horsens-kommune", period=period("2024-01-01", None))],
        [agreement("proeve", "horsens-kommune", period=period("2024-01-01", "2025-01-01"))],
        "municipalities/dk-0615",
        {"day": "2025-01-01"},
        ["Horsens"],
    ),
    "municipality_doubly_covered": Case(
        [agreement("proeve", "lolland-kommune", period=period("2018-01-01", "2019-07-01"))],
        [agreement("proeve", "lolland-kommune", period=period("2018-01-01", "2019-07-02"))],
        "municipalities/dk-0360",
        {
            "others": [
                other("health-agreements", "proeve", "proeve"),
                other("health-agreements", "sundhedsaftale-sjaelland-2019", "Sundhedsaftalen 2019-2023"),
            ]
        },
        as_of="2019-07-01",
    ),
    "municipality_in_no_region": Case(
        [municipality(("2007-01-01", "2015-01-01"), ("2015-01-01", None))],
        [municipality(("2007-01-01", "2015-01-01"))],
        "municipalities/dk-0999",
    ),
    "agreements_overlap": Case(
        [
            agreement("proeve-1", period=period("2015-01-01", "2019-07-01")),
            agreement("proeve-2", period=period("2019-07-01", None)),
        ],
        [
            agreement("proeve-1", period=period("2015-01-01", "2019-07-01")),
            agreement("proeve-2", period=period("2019-01-01", None)),
        ],
        "health-agreements/proeve-2",
        {
            "day": "2019-01-01",
            "days": 181,
            "period": period("2019-01-01", "2019-07-01"),
            "others": [other("health-agreements", "proeve-1", "proeve-1")],
        },
        ["Region Skåne"],
    ),
    "agreement_binds_others": Case(
        [agreement("proeve", "region-nordjylland", *NORTH, **BOUND)],
        [agreement("proeve", "region-nordjylland", *NORTH[1:], "lolland-kommune", **BOUND)],
        "health-agreements/proeve",
        {
            "day": "2015-01-01",
            "fields": ["/parties"],
            "others": [other("municipalities", "dk-0360", "Lolland"), other("municipalities", "dk-0773", "Morsø")],
        },
    ),
    "agreement_outside_its_title": Case(
        [
            agreement(
                "proeve",
                nominal={"edtf": "2015/2018"},
                period=period("2015-07-01", "2019-07-01"),
                extensions=[{"until": "2019-07-01"}],
            )
        ],
        [agreement("proeve", nominal={"edtf": "2015/2018"}, period=period("2015-07-01", "2019-07-01"))],
        "health-agreements/proeve",
        {"period": period("2015-07-01", "2019-07-01"), "fields": ["/nominal", "/period"]},
    ),
    "agreement_in_force_otherwise": Case(
        [agreement("proeve", period=period("2019-07-01", None), milestones=steps(in_force="2019-07"))],
        [agreement("proeve", period=period("2019-07-01", None), milestones=steps(in_force="2019-08"))],
        "health-agreements/proeve",
        {"day": "2019-07-01", "fields": ["/milestones", "/period/start"]},
    ),
    "agreement_not_reviewed": Case(
        [agreement("proeve", period=period("2025-01-01", None), reviews=[{"year": 2025}])],
        [agreement("proeve", period=period("2025-01-01", None), reviews=[{"year": 2024}])],
        "health-agreements/proeve",
        {"period": period("2025-01-01", "2026-01-01")},
    ),
    "agreement_without_period": Case(
        [agreement("proeve", period=period(None, "2019-01-01"))], [agreement("proeve")], "health-agreements/proeve"
    ),
    "answer_late": Case(
        [answered(decision="adopted", deadline="2019-06-24", decided_on="2019-06-24")],
        [answered(decision="rejected", deadline="2019-06-24", decided_on="2019-07-01")],
        "health-agreements/proeve",
        {"day": "2019-06-24", "days": 7, "others": [LOLLAND]},
    ),
    "answer_missing": Case(
        [answered(decision="adopted", deadline="2019-06-24")],
        [answered(decision="pending", deadline="2019-06-24")],
        "health-agreements/proeve",
        {"day": "2019-06-24", "days": 1, "others": [LOLLAND]},
        as_of="2019-06-25",
    ),
    "answer_unknown": Case(
        [answered(decision="adopted", deadline="2019-06-24")],
        [answered(deadline="2019-06-24")],
        "health-agreements/proeve",
        {"day": "2019-06-24", "days": 7, "others": [LOLLAND]},
        as_of="2019-07-01",
    ),
    "consultation_otherwise": Case(
        heard(period=period("2030-05-09", "2030-08-10")),
        heard(period=period("2030-05-09", "2030-08-09")),
        "consultations/proeve",
        {
            "period": period("2030-05-09", "2030-08-09"),
            "fields": ["/period"],
            "others": [other("health-agreements", "proeve", "proeve")],
        },
        ["Region Skåne"],
    ),
    "plan_adopted_before_advice": Case(
        [plan(advice="2025-06-15")],
        [plan(advice="2025-06-20")],
        "plans/proeve",
        {"day": "2025-06-15", "days": 5, "fields": ["/milestones", "/advice"]},
        ["Region Syddanmark"],
    ),
    "plan_adopted_without_advice": Case(
        [plan(advice="2025-06-15")], [plan(advice=None)], "plans/proeve", {"day": "2025-06-15"}
    ),
    "goal_without_indicator": Case(
        [GOAL, indicator()],
        [GOAL, ("indicators", "proeve", {"title": "Prøve"})],
        "goals/proeve",
        {},
        ["Region Sjælland"],
    ),
    "goal_without_baseline": Case([GOAL, indicator(baseline=14.2)], [GOAL, indicator(value=12)], "goals/proeve"),
    "goal_without_target": Case([GOAL, indicator(value=12)], [GOAL, indicator(baseline=14.2)], "goals/proeve"),
    "goal_without_initiative": Case(
        [GOAL, initiative(goals=[{"goal": "proeve"}])], [GOAL, initiative()], "goals/proeve"
    ),
    "budget_differs_from_partners": Case(
        [initiative(budget=BUDGET, partners=partners("60.00", "40.00"))],
        [initiative(budget=BUDGET, partners=partners("60.00", "39.99"))],
        "initiatives/proeve",
        {
            "amount": money(99.99),
            "against": money(100),
            "difference": money(-0.01),
            "fields": ["/budget", "/partners"],
        },
        ["Lolland"],
    ),
    "grants_above_budget": Case(
        [initiative(budget=BUDGET), POOL, grant("60.00"), grant("40.00", "proeve-2")],
        [initiative(budget=BUDGET), POOL, grant("60.00"), grant("40.01", "proeve-2")],
        "initiatives/proeve",
        {"amount": money(100.01), "against": money(100), "difference": money(0.01)},
    ),
    "not_financed": Case(
        [
            initiative(budget=BUDGET, partners=partners(None, contribution=kroner("60.00"))),
            POOL,
            grant("40.00", status="awarded"),
        ],
        [
            initiative(budget=BUDGET, partners=partners(None, contribution=kroner("60.00"))),
            POOL,
            grant("40.00", status="withdrawn"),
        ],
        "initiatives/proeve",
        {"amount": money(60), "against": money(100), "difference": money(-40)},
    ),
    "grant_above_rate": Case(
        [initiative(budget=BUDGET), programme({"rate": 50}), grant("50.00")],
        [initiative(budget=BUDGET), programme({"rate": "49.9"}), grant("50.00")],
        "funding/grants/proeve",
        {"amount": money(50), "against": money(49.9), "difference": money(0.1)},
        ["Lolland", "Region Sjælland"],
    ),
    "grant_above_cap": Case(
        [initiative(kind="pre_project"), programme({"cap": BUDGET}), grant("100.00")],
        [initiative(kind="pre_project"), programme({"cap": BUDGET}), grant("100.01")],
        "funding/grants/proeve",
        {"amount": money(100.01), "against": money(100), "difference": money(0.01)},
    ),
    "instalments_above_award": Case(
        [initiative(), POOL, grant("100.00", instalments=[{"planned": kroner("60.00")}, {"planned": kroner("40.00")}])],
        [initiative(), POOL, grant("100.00", instalments=[{"planned": kroner("60.00")}, {"planned": kroner("40.50")}])],
        "funding/grants/proeve",
        {
            "amount": money(100.5),
            "against": money(100),
            "difference": money(0.5),
            "fields": ["/instalments", "/awarded"],
        },
    ),
    "account_late": Case(
        [initiative(), POOL, grant("1.00", accounts=[{**DUE, "delivered_on": "2016-03-31"}])],
        [initiative(), POOL, grant("1.00", accounts=[{**DUE, "delivered_on": "2016-04-02"}])],
        "funding/grants/proeve",
        {"day": "2016-03-31", "days": 2},
    ),
    "account_missing": Case(
        [initiative(), POOL, grant("1.00", accounts=[{**DUE, "delivered_on": "2016-04-10"}])],
        [initiative(), POOL, grant("1.00", accounts=[{**DUE, "delivered_on": "2016-04-11"}])],
        "funding/grants/proeve",
        {"day": "2016-03-31", "days": 10},
        as_of="2016-04-10",
    ),
    "report_late": Case(
        [initiative(), POOL, grant("1.00", reports=[{**REPORT, "delivered_on": "2016-03-31"}])],
        [initiative(), POOL, grant("1.00", reports=[{**REPORT, "delivered_on": "2016-04-02"}])],
        "funding/grants/proeve",
        {"day": "2016-03-31", "days": 2},
    ),
    "report_missing": Case(
        [initiative(), POOL, grant("1.00", status="closed", reports=[REPORT])],
        [initiative(), POOL, grant("1.00", status="awarded", reports=[REPORT])],
        "funding/grants/proeve",
        {"day": "2016-03-31", "days": 1},
        as_of="2016-04-01",
    ),
    "sources_disagree": Case(
        [initiative()],
        [initiative(sources=[{**SOURCES[0], "stated": "Forsøg"}])],
        "initiatives/proeve",
        {
            "fields": ["/title"],
            "stated": "Forsøg",
            "others": [
                other(
                    "documents",
                    "pressemeddelelse-broen-2014",
                    "Sundhedsminister giver to millioner til Broen til bedre sundhed",
                ),
            ],
        },
    ),
    "record_without_source": Case([initiative()], [initiative(sources=[])], "initiatives/proeve"),
}
