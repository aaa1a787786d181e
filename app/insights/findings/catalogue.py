"""All rules, the gravest first."""

from collections.abc import Collection
from typing import Final

from app.insights.findings.agreements import AGREEMENT_RULES
from app.insights.findings.answers import ANSWER_RULES
from app.insights.findings.deliveries import DELIVERY_RULES
from app.insights.findings.grants import GRANT_RULES
from app.insights.findings.initiatives import INITIATIVE_RULES
from app.insights.findings.municipalities import MUNICIPALITY_RULES
from app.insights.findings.plans import GOAL_RULES, PLAN_RULES
from app.insights.findings.rules import SEVERITIES, Rule, Severity
from app.insights.findings.sources import SOURCE_RULES

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            *MUNICIPALITY_RULES,
            *AGREEMENT_RULES,
            *ANSWER_RULES,
            *PLAN_RULES,
            *GOAL_RULES,
            *INITIATIVE_RULES,
            *GRANT_RULES,
            *DELIVERY_RULES,
            *SOURCE_RULES,
        ),
        key=lambda rule: SEVERITIES.index(rule.severity),
    )
)
assert len({rule.id for rule in RULES}) == len(RULES), "each rule has an id of its own"


def chosen(ids: Collection[str] | None, severities: Collection[Severity] | None) -> tuple[Rule, ...]:
    """The rules of these ids and severities, in their order; None is all."""
    return tuple(
        rule
        for rule in RULES
        if (ids is None or rule.id in ids) and (severities is None or rule.severity in severities)
    )
