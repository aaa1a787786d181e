"""Rules about the money of initiatives: budgets, what partners bring, and what grants give."""

from typing import Any, Final

from sqlalchemy import Subquery, Text, and_, any_, exists, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.insights.findings.rules import Rule, Said, found, pointers
from app.resources.grants.tables import GrantRow
from app.resources.initiatives.tables import InitiativeRow, PartnerRow
from app.rest.links import Condition

GRANTED: Final = and_(
    GrantRow.awarded_amount.is_not(None),
    func.coalesce(GrantRow.status == any_(literal(["awarded", "closed"], ARRAY(Text()))), true()),
)
"""That a grant was awarded, and still is as far as is known."""
BUDGET, CURRENCY = InitiativeRow.budget_amount, InitiativeRow.budget_currency
MONEY_ADDS_UP: Final = Said(
    "Et budget og det, som det er sat sammen af, skal gå op",
    "A budget and what it is made of must add up",
)


def totals(name: str, record: Any, amount: Any, currency: Any, *where: Condition) -> Subquery:
    """What the amounts of a record come to, where any is known."""
    total = select(
        record.label("id"),
        func.sum(amount).label("amount"),
        func.min(currency).label("currency"),
        func.max(currency).label("other_currency"),
    )
    return total.where(amount.is_not(None), record.is_not(None), *where).group_by(record).subquery(name)


def in_currency(total: Subquery, currency: Any) -> Condition:
    """That all amounts of a total are in this currency; otherwise nothing can be said."""
    return and_(total.c.currency == currency, total.c.other_currency == currency)


BUDGETS = totals("budgets", PartnerRow.record_id, PartnerRow.budget_amount, PartnerRow.budget_currency)
CONTRIBUTIONS = totals(
    "contributions", PartnerRow.record_id, PartnerRow.contribution_amount, PartnerRow.contribution_currency
)
GRANTS = totals("granted", GrantRow.initiative_id, GrantRow.awarded_amount, GrantRow.awarded_currency, GRANTED)
SOURCES = func.coalesce(GRANTS.c.amount, 0) + func.coalesce(CONTRIBUTIONS.c.amount, 0)
ALL_BUDGETS_KNOWN = ~exists().where(
    PartnerRow.record_id == InitiativeRow.id,
    PartnerRow.budget_amount.is_(None),
    PartnerRow.role != "associated_partner",  # which has none
)

INITIATIVE_RULES: Final = (
    Rule(
        id="budget_differs_from_partners",
        severity="error",
        basis=MONEY_ADDS_UP,
        sentence=Said(
            "Indsatsens budget er ikke summen af partnernes budgetter.",
            "The initiative's budget is not the sum of its partners' budgets.",
        ),
        found=found(
            "initiatives",
            InitiativeRow.id,
            amount=BUDGETS.c.amount,
            against=BUDGET,
            currency=CURRENCY,
            fields=pointers("/budget", "/partners"),
        )
        .join(BUDGETS, BUDGETS.c.id == InitiativeRow.id)
        .where(
            in_currency(BUDGETS, CURRENCY),
            or_(BUDGETS.c.amount > BUDGET, and_(BUDGETS.c.amount < BUDGET, ALL_BUDGETS_KNOWN)),
        ),
    ),
    Rule(
        id="grants_above_budget",
        severity="error",
        basis=MONEY_ADDS_UP,
        sentence=Said(
            "Indsatsen har fået bevilget mere end sit budget.",
            "The initiative has been granted more than its budget.",
        ),
        found=found("initiatives", InitiativeRow.id, amount=GRANTS.c.amount, against=BUDGET, currency=CURRENCY)
        .join(GRANTS, GRANTS.c.id == InitiativeRow.id)
        .where(in_currency(GRANTS, CURRENCY), GRANTS.c.amount > BUDGET),
    ),
    Rule(
        id="not_financed",
        severity="notice",
        basis=MONEY_ADDS_UP,
        sentence=Said(
            "Indsatsens budget er større end de bevillinger og bidrag, som registret kender.",
            "The initiative's budget is above the grants and contributions that the register knows of.",
        ),
        found=found("initiatives", InitiativeRow.id, amount=SOURCES, against=BUDGET, currency=CURRENCY)
        .outerjoin(GRANTS, GRANTS.c.id == InitiativeRow.id)
        .outerjoin(CONTRIBUTIONS, CONTRIBUTIONS.c.id == InitiativeRow.id)
        .where(
            SOURCES < BUDGET,
            or_(GRANTS.c.id.is_(None), in_currency(GRANTS, CURRENCY)),
            or_(CONTRIBUTIONS.c.id.is_(None), in_currency(CONTRIBUTIONS, CURRENCY)),
        ),
    ),
)
