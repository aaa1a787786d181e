"""Rules about plans and goals: advice before the adoption, and something to follow each goal by."""

from typing import Final

from sqlalchemy import Select, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from app.insights.findings.rules import Rule, Said, days, found, pointers
from app.resources.goals import GoalRow
from app.resources.indicators import TargetRow
from app.resources.initiatives.tables import GoalServedRow
from app.resources.plans.tables import AdviceRow, PlanMilestoneRow, PlanRow
from app.rest.links import Condition
from app.rest.view import AS_OF

ADVICE_FIRST: Final = Said(
    "Sundhedsloven § 206: planen vedtages efter rådgivning fra Sundhedsstyrelsen",
    "The Danish Health Act (Sundhedsloven) § 206: the plan is adopted after advice from the Danish Health Authority",
)
HEALTH_PLAN = PlanRow.kind == "health_plan"
Adopted, Obtained = aliased(PlanMilestoneRow), aliased(PlanMilestoneRow)
ADOPTED = (Adopted.record_id == PlanRow.id, Adopted.kind == "adopted", Adopted.announced.is_(False))
OBTAINED = (Obtained.record_id == PlanRow.id, Obtained.kind == "advice_obtained", Obtained.announced.is_(False))
ADVISED = (AdviceRow.record_id == PlanRow.id, AdviceRow.obtained_on.is_not(None))
ADOPTED_BY = select(func.min(Adopted.date_latest)).where(*ADOPTED).scalar_subquery()
"""The last day on which the adoption, the first if there were several, can have been."""
FIRST_ADVICE = func.least(
    select(func.min(AdviceRow.obtained_on)).where(*ADVISED).scalar_subquery(),
    select(func.min(Obtained.date_earliest)).where(*OBTAINED).scalar_subquery(),
)
UNDATED_ADVICE = exists().where(*OBTAINED, Obtained.date_earliest.is_(None))


def _goals(*where: Condition) -> Select[tuple[str]]:
    """Goals for which this is missing; one that has parts is followed by way of them."""
    part = aliased(GoalRow)
    return found("goals", GoalRow.id).where(~exists().where(part.parent_id == GoalRow.id), *where)


def _targets(*where: Condition) -> Condition:
    return exists().where(TargetRow.goal_id == GoalRow.id, *where)


PLAN_RULES: Final = (
    Rule(
        id="plan_adopted_before_advice",
        severity="error",
        basis=ADVICE_FIRST,
        sentence=Said(
            "Sundhedsplanen blev vedtaget, før rådgivningen forelå.",
            "The health plan was adopted before the advice was there.",
        ),
        found=found(
            "plans",
            PlanRow.id,
            day=ADOPTED_BY,
            days=days(ADOPTED_BY, FIRST_ADVICE),
            fields=pointers("/milestones", "/advice"),
        ).where(HEALTH_PLAN, ADOPTED_BY <= AS_OF, FIRST_ADVICE > ADOPTED_BY, ~UNDATED_ADVICE),
    ),
    Rule(
        id="plan_adopted_without_advice",
        severity="notice",
        basis=ADVICE_FIRST,
        sentence=Said(
            "Sundhedsplanen er vedtaget, og registret kender ingen rådgivning forud for det.",
            "The health plan has been adopted, and the register knows of no advice before that.",
        ),
        found=found("plans", PlanRow.id, day=ADOPTED_BY).where(
            HEALTH_PLAN,
            exists().where(*ADOPTED, func.coalesce(Adopted.date_latest <= AS_OF, true())),
            ~or_(exists().where(*ADVISED), exists().where(*OBTAINED)),
        ),
    ),
)
GOAL_RULES: Final = (
    Rule(
        id="goal_without_indicator",
        severity="notice",
        basis=Said("Et mål følges med indikatorer", "A goal is followed by indicators"),
        sentence=Said("Ingen indikator følger målet.", "No indicator follows the goal."),
        found=_goals(~_targets()),
    ),
    Rule(
        id="goal_without_baseline",
        severity="notice",
        basis=Said(
            "Uden et udgangspunkt kan ingen se, om det går fremad", "Without a baseline nobody can see any progress"
        ),
        sentence=Said("Ingen indikator har et udgangspunkt for målet.", "No indicator has a baseline for the goal."),
        found=_goals(~_targets(TargetRow.baseline.is_not(None))),
    ),
    Rule(
        id="goal_without_target",
        severity="notice",
        basis=Said(
            "Uden et måltal kan ingen se, om målet er nået", "Without a target nobody can see whether the goal is met"
        ),
        sentence=Said("Ingen indikator har et måltal for målet.", "No indicator has a target for the goal."),
        found=_goals(~_targets(TargetRow.value.is_not(None))),
    ),
    Rule(
        id="goal_without_initiative",
        severity="notice",
        basis=Said("Et mål nås ved indsatser", "A goal is reached by initiatives"),
        sentence=Said("Ingen indsats arbejder for målet.", "No initiative works for the goal."),
        found=_goals(~exists().where(GoalServedRow.goal_id == GoalRow.id)),
    ),
)
