"""Rules about what recipients owe: accounts and reports, delivered by their deadlines."""

from typing import Final

from sqlalchemy import Select, Text, and_, any_, func, literal, or_, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.insights.findings.rules import Rule, Said, days, found
from app.resources.grants.tables import AccountRow, GrantRow, ReportRow
from app.rest.links import Condition
from app.rest.view import AS_OF

Delivery = type[AccountRow] | type[ReportRow]

OPEN: Final = func.coalesce(
    GrantRow.status == any_(literal(["applied", "awarded"], ARRAY(Text()))),
    true(),
)
"""That a grant is not known to be accounted for, refused or given up."""
DEADLINE: Final = Said("Bevillingens frist for aflevering", "The grant's deadline for delivery")


def undelivered(row: Delivery) -> Condition:
    """That an account or a report was not delivered by the day asked about, as far as is known."""
    return or_(row.delivered_on > AS_OF, and_(row.delivered_on.is_(None), OPEN))


def _late(row: Delivery) -> Select[tuple[str]]:
    late = found(
        "funding/grants", row.record_id, part=row.position, day=row.due_on, days=days(row.due_on, row.delivered_on)
    )
    return late.where(row.delivered_on > row.due_on, row.delivered_on <= AS_OF)


def _missing(row: Delivery) -> Select[tuple[str]]:
    missing = found("funding/grants", row.record_id, part=row.position, day=row.due_on, days=days(row.due_on, AS_OF))
    return missing.join(GrantRow, GrantRow.id == row.record_id).where(row.due_on < AS_OF, undelivered(row))


DELIVERY_RULES: Final = (
    Rule(
        id="account_late",
        severity="warning",
        basis=DEADLINE,
        sentence=Said("Regnskabet blev afleveret efter fristen.", "The account was delivered after the deadline."),
        found=_late(AccountRow),
    ),
    Rule(
        id="account_missing",
        severity="notice",
        basis=DEADLINE,
        sentence=Said(
            "Fristen for regnskabet er udløbet, og registret ved ikke, at det er afleveret.",
            "The deadline for the account has passed, and the register does not know that it was delivered.",
        ),
        found=_missing(AccountRow),
    ),
    Rule(
        id="report_late",
        severity="warning",
        basis=DEADLINE,
        sentence=Said("Rapporten blev afleveret efter fristen.", "The report was delivered after the deadline."),
        found=_late(ReportRow),
    ),
    Rule(
        id="report_missing",
        severity="notice",
        basis=DEADLINE,
        sentence=Said(
            "Fristen for rapporten er udløbet, og registret ved ikke, at den er afleveret.",
            "The deadline for the report has passed, and the register does not know that it was delivered.",
        ),
        found=_missing(ReportRow),
    ),
)
