"""An impossible history is refused whole, with the reason."""

from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.errors import InvalidBody
from app.resources.goals import GoalData, goals
from app.resources.grants import GrantData
from app.resources.health_agreements import HealthAgreementData, health_agreements
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.organisations import OrganisationData, organisations
from app.resources.plans import plans
from app.resources.plans.shapes import PlanData
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put


def agreement(*milestones: tuple[str, str | None], **more: Any) -> HealthAgreementData:
    """A health agreement with milestones."""
    steps = [{"kind": kind, "date": edtf and {"edtf": edtf}} for kind, edtf in milestones]
    body = {"kind": "health_agreement", "title": "Prøve", "region": "dk-1083", "milestones": steps} | more
    return validate(HealthAgreementData, body)


def test_the_real_timeline_of_2019_is_possible() -> None:
    """Region Syddanmark's days, and an adoption among them: approved, sent, to the authority, in force, amended."""
    assert agreement(
        ("approved_by_committee", "2019-04-24"),
        ("sent_to_parties", "2019-04-26"),
        ("adopted_by_parties", "2019-06-26"),
        ("submitted_to_authority", "2019-07-01"),
        ("in_force", "2019-07-01"),
        ("approved_by_authority", "2019-10"),
        ("amended", "2020"),
        ("approved_by_committee", "2020"),
    )


@pytest.mark.parametrize(
    ("milestones", "says"),
    [
        ([("drafted", "2019-05-01"), ("in_force", "2019-04-30")], "in_force .* cannot come before drafted"),
        ([("consultation_opened", "2023-05-09"), ("consultation_closed", "2023-05")], None),
        ([("consultation_opened", "2023-06-09"), ("consultation_closed", "2023-05")], "consultation_closed"),
        ([("in_force", "2019-07-01"), ("lapsed", "2018")], "lapsed .* cannot come before in_force"),
        ([("sent_to_parties", "2019-04-26"), ("adopted_by_parties", "2019-04-25")], "adopted_by_parties"),
        ([("in_force", "2019-07-01"), ("approved_by_authority", "2019-01")], None),
        ([("drafted", "2019"), ("in_force", "2019-01-01")], None),
        ([("drafted", None), ("in_force", "2019-01-01")], None),
    ],
)
def test_milestones_come_in_a_possible_order(milestones: list[tuple[str, str | None]], says: str | None) -> None:
    """Vague dates are compared by what they can mean; the undated and the authority's approval bind nobody."""
    if says is None:
        assert agreement(*milestones)
        return
    with pytest.raises(InvalidBody, match=says):
        agreement(*milestones)


def test_a_plan_is_not_adopted_before_its_draft() -> None:
    """The same rule, with a plan's own order."""
    steps = [
        {"kind": k, "announced": False, "date": {"edtf": e}} for k, e in (("drafted", "2020"), ("adopted", "2019"))
    ]
    with pytest.raises(InvalidBody, match=r"adopted \(2019\) cannot come before drafted \(2020\)"):
        validate(PlanData, {"kind": "strategy", "title": "Prøve", "milestones": steps})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"decision": "adopted", "reservation": "Hvis der er råd"}, "adopted_with_reservation"),
        ({"decision": "pending", "decided_on": "2019-06-01"}, "A day of decision"),
        ({"decided_on": "2019-06-01"}, "A day of decision"),
    ],
)
def test_a_party_answers_as_it_decided(answer: dict[str, Any], says: str) -> None:
    """A reservation and a day belong to a decision."""
    with pytest.raises(InvalidBody, match=says) as refused:
        agreement(parties=[{"organisation": "region-syddanmark", **answer}])
    assert refused.value.faults[0].pointer in {"/parties/0/reservation", "/parties/0/decided_on"}


def grant(awarded: str | None, *paid: str, **more: Any) -> GrantData:
    """A grant of an award and payments, each as amount and currency."""

    def money(text: str) -> dict[str, Any]:
        amount, currency = text.split()
        return {"amount": amount, "currency": currency}

    instalments = [{"paid": money(each)} for each in paid]
    more = {name: money(text) for name, text in more.items()}
    body = {"title": "Prøve", "programme": "delprogram-oeresund", "instalments": instalments}
    return validate(GrantData, body | {"awarded": awarded and money(awarded)} | more)


def test_a_grant_is_not_paid_or_recovered_beyond_its_award() -> None:
    """To the cent, and in the currency of the award."""
    assert grant("100.00 DKK", "60.00 DKK", "40.00 DKK", recovered="100.00 DKK")
    with pytest.raises(InvalidBody, match=r"What is paid comes to 100.01, above the award of 100.00"):
        grant("100.00 DKK", "60.00 DKK", "40.01 DKK")
    with pytest.raises(InvalidBody, match="What is recovered"):
        grant("100.00 DKK", recovered="100.01 DKK")
    with pytest.raises(InvalidBody, match="in the currency of the award, DKK"):
        grant("100.00 DKK", "10.00 EUR")
    assert grant(None, "10.00 EUR", "20.00 EUR")
    with pytest.raises(InvalidBody, match="All that is paid of a grant is in one currency"):
        grant(None, "10.00 EUR", "20.00 DKK")
    with pytest.raises(InvalidBody, match="'DKK', 'EUR', 'SEK' or 'NOK'"):
        grant("100.00 XXX")


def initiative(title: str, parent: str | None) -> InitiativeData:
    """An initiative that is a part of another."""
    return validate(InitiativeData, {"kind": "project", "title": title, "parent": parent})


async def test_parents_make_no_circle(writer: Writer) -> None:
    """Of one, of three in one revision, and of three in several."""
    ring = {"a": "b", "b": "c", "c": "a"}
    with pytest.raises(InvalidBody, match="would come before itself by way of parent"):
        await put(writer, *((initiatives, id, initiative(id, parent)) for id, parent in ring.items()))
    await put(writer, *((initiatives, id, initiative(id, p)) for id, p in (("a", "b"), ("b", "c"), ("c", None))))
    with pytest.raises(InvalidBody) as refused:
        await put(writer, (initiatives, "c", initiative("c", "a")))
    assert [fault.pointer for fault in refused.value.faults] == ["/parent"]
    with pytest.raises(InvalidBody, match=r"(no part of|before) itself"):
        await put(writer, (initiatives, "d", initiative("d", "d")))


async def test_agreements_do_not_replace_each_other_in_a_circle(writer: Writer) -> None:
    """Every column in which records of a kind name each other is looked at."""
    with pytest.raises(InvalidBody, match="by way of replaces"):
        await put(
            writer,
            (health_agreements, "a", agreement(replaces="b")),
            (health_agreements, "b", agreement(replaces="a")),
        )


async def test_organisations_do_not_follow_each_other_in_a_circle(writer: Writer) -> None:
    """Not of one, nor of two of which one has other predecessors too."""

    def after(*names: str) -> OrganisationData:
        predecessors = [{"organisation": name} for name in names]
        return validate(OrganisationData, {"kind": "committee", "name": "Prøve", "predecessors": predecessors})

    await put(writer, (organisations, "a", after("region-skaane")), (organisations, "b", after("a", "region-skaane")))
    for circle in ("b", "a"):
        with pytest.raises(InvalidBody, match="would come before itself by way of organisation"):
            await put(writer, (organisations, "a", after("region-sjaelland", circle)))


async def test_a_goal_is_one_agreements_or_one_plans(writer: Writer) -> None:
    """Exactly one of the two."""
    for owners in ({}, {"agreement": "sundhedsaftale-sjaelland-2019", "plan": "sundhed-taet-paa-dig"}):
        with pytest.raises(InvalidBody, match="Name exactly one of agreement and plan"):
            validate(GoalData, {"number": 1, "title": "Mål", **owners})
    goal = validate(GoalData, {"number": 5, "title": "Mål", "plan": "sundhed-taet-paa-dig"})
    assert await put(writer, (goals, "nyt-maal", goal)) == ["created"]


ADVICE: Final = [
    ("2025-05-15", "2025-06", False, True),
    ("2025-07-01", "2025-06", False, False),
    (None, "2025-06", False, None),
    ("2025-05-15", None, False, None),
    ("2025-05-15", "2025-06", True, None),
]


async def test_whether_advice_came_before_the_adoption(writer: Writer, own_client: AsyncClient) -> None:
    """Yes, no, or not known: an adoption that was only announced is none."""
    for n, (obtained, adopted, announced, _) in enumerate(ADVICE):
        body = {
            "kind": "health_plan",
            "title": "Prøveplan",
            "milestones": [{"kind": "adopted", "announced": announced, "date": adopted and {"edtf": adopted}}],
            "advice": [{"organisation": "region-sjaelland", "obtained_on": obtained}],
        }
        await put(writer, (plans, f"proeveplan-{n}", validate(PlanData, body)))
    for n, (*_, advised) in enumerate(ADVICE):
        plan = (await own_client.get(f"/v1/plans/proeveplan-{n}")).raise_for_status().json()
        assert plan["advised_before_adoption"] is advised
    for asked, ids in (("true", ["proeveplan-0"]), ("false", ["proeveplan-1"])):
        found = (await own_client.get(f"/v1/plans?advised_before_adoption={asked}")).json()["items"]
        assert [plan["id"] for plan in found] == ids
