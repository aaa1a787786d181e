"""Rules about grants: what a programme pays at the most, and what instalments are planned."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    true,
)

from app.insights.findings.initiatives import BUDGET, CURRENCY, GRANTED, in_currency, totals
from app.insights.findings.rules import Rule, Said, found, pointers
from app.resources.funding_programmes import CofinancingRuleRow, FundingProgrammeRow
from app.resources.grants.tables import GrantRow, InstalmentRow, RecipientRow
from app.resources.initiatives.tables import InitiativeRow
from app.resources.municipalities.tables import MunicipalityRow
from app.resources.organisations.tables import OrganisationRow
from app.resources.regions import RegionRow
from app.rest.links import Condition

COFINANCING: Final = Said("Programmets regler for medfinansiering", "The programme's rules of co-financing")
RULED: Final = (
    select(
        FundingProgrammeRow.id.label("programme_id"),
        (CofinancingRuleRow.record_id == FundingProgrammeRow.id).label("own"),
        CofinancingRuleRow.project_kind,
        CofinancingRuleRow.partner_country,
        CofinancingRuleRow.rate,
        CofinancingRuleRow.cap_amount,
        CofinancingRuleRow.cap_currency,
    )
    .join(
        CofinancingRuleRow,
        or_(
            CofinancingRuleRow.record_id == FundingProgrammeRow.id,
            CofinancingRuleRow.record_id == FundingProgrammeRow.parent_id,
        ),
    )
    .subquery("ruled")
)
"""The rules that a programme follows: its own, and those of the programme that it is a part of."""


def _strictest(limit: ColumnElement[Any]) -> Subquery:
    """The least of a programme's limits: a grant within it needs no closer look."""
    least = select(RULED.c.programme_id, func.min(limit).label("limit")).where(limit.is_not(None))
    return least.group_by(RULED.c.programme_id).subquery("strictest")


def _suspects(name: str, limit: ColumnElement[Any], share: Any = None) -> CTE:
    """Grants above what their programme's strictest rule allows, to be looked at closely; found first, for speed."""
    least = _strictest(limit)
    return (
        select(
            GrantRow.id,
            GrantRow.programme_id,
            GrantRow.awarded_amount.label("amount"),
            GrantRow.awarded_currency.label("currency"),
            InitiativeRow.kind,
            BUDGET.label("budget"),
            CURRENCY.label("budget_currency"),
        )
        .join(InitiativeRow, InitiativeRow.id == GrantRow.initiative_id)
        .join(least, least.c.programme_id == GrantRow.programme_id)
        .where(GRANTED, GrantRow.awarded_amount > (least.c.limit if share is None else share * least.c.limit / 100))
        .cte(name)
        .prefix_with("materialized")
    )


def _country(suspects: CTE) -> FromClause:
    """The country of a grant's recipients; null unless all are known to be of one."""
    country = func.coalesce(RegionRow.country, MunicipalityRow.country)
    one = and_(func.count(country) == func.count(), func.min(country) == func.max(country))
    return (
        select(case((one, func.min(country))).label("country"))
        .select_from(RecipientRow)
        .join(OrganisationRow, OrganisationRow.id == RecipientRow.organisation_id)
        .outerjoin(RegionRow, RegionRow.id == OrganisationRow.region_id)
        .outerjoin(MunicipalityRow, MunicipalityRow.id == OrganisationRow.municipality_id)
        .where(RecipientRow.record_id == suspects.c.id)
        .lateral("recipients")
    )


def _above(suspects: CTE, limit: ColumnElement[Any], most: Callable[[Any], Any], *where: Condition) -> Select[Any]:
    """Grants above the most that their programme pays for them, by the rule that fits most closely.

    The programme's own rules come before those of the programme above, and closer ones before wider ones; of equally
    close ones the most generous counts, and of all where it is unknown which country's rule it is.
    """
    kind, country, recipients = RULED.c.project_kind, RULED.c.partner_country, _country(suspects)
    undecided = and_(recipients.c.country.is_(None), func.bool_or(country.is_not(None)).over())
    closeness = cast(kind.is_not(None), Integer) + cast(country.is_not(None), Integer)
    rule = (
        select(most(limit).label("most"))
        .where(
            RULED.c.programme_id == suspects.c.programme_id,
            limit.is_not(None),
            or_(kind.is_(None), kind == suspects.c.kind),
            or_(country.is_(None), country == recipients.c.country, recipients.c.country.is_(None)),
            *where,
        )
        .order_by(RULED.c.own.desc(), case((undecided, 0), else_=closeness).desc(), limit.desc())
        .limit(1)
        .lateral("rule")
    )
    return (
        found(
            "funding/grants", suspects.c.id, amount=suspects.c.amount, against=rule.c.most, currency=suspects.c.currency
        )
        .select_from(suspects)
        .join(recipients, true())
        .join(rule, true())
        .where(suspects.c.amount > rule.c.most)
    )


RATE, CAP = RULED.c.rate, RULED.c.cap_amount
ABOVE_A_RATE, ABOVE_A_CAP = _suspects("above_a_rate", RATE, BUDGET), _suspects("above_a_cap", CAP)
PLANNED = totals("planned", InstalmentRow.record_id, InstalmentRow.planned_amount, InstalmentRow.planned_currency)

GRANT_RULES: Final = (
    Rule(
        id="grant_above_rate",
        severity="error",
        basis=COFINANCING,
        sentence=Said(
            "Bevillingen er større end den andel af budgettet, som programmet højst betaler.",
            "The grant is above the share of the budget that the programme pays at the most.",
        ),
        found=_above(ABOVE_A_RATE, RATE, lambda rate: ABOVE_A_RATE.c.budget * rate / 100).where(
            ABOVE_A_RATE.c.currency == ABOVE_A_RATE.c.budget_currency
        ),
    ),
    Rule(
        id="grant_above_cap",
        severity="error",
        basis=COFINANCING,
        sentence=Said(
            "Bevillingen er større end det beløb, som programmet højst betaler.",
            "The grant is above the amount that the programme pays at the most.",
        ),
        found=_above(ABOVE_A_CAP, CAP, lambda cap: cap, RULED.c.cap_currency == ABOVE_A_CAP.c.currency),
    ),
    Rule(
        id="instalments_above_award",
        severity="error",
        basis=Said("Rater er dele af bevillingen", "Instalments are parts of the award"),
        sentence=Said(
            "Der er planlagt rater for mere end bevillingen.",
            "Instalments are planned for more than the award.",
        ),
        found=found(
            "funding/grants",
            GrantRow.id,
            amount=PLANNED.c.amount,
            against=GrantRow.awarded_amount,
            currency=GrantRow.awarded_currency,
            fields=pointers("/instalments", "/awarded"),
        )
        .join(PLANNED, PLANNED.c.id == GrantRow.id)
        .where(in_currency(PLANNED, GrantRow.awarded_currency), PLANNED.c.amount > GrantRow.awarded_amount),
    ),
)
