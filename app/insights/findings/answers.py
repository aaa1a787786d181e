"""Rules about the parties' answers to an agreement."""

from typing import Final

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import array

from app.insights.findings.rules import Rule, Said, days, found
from app.insights.records import path_of
from app.resources.health_agreements.course import ALL_ADOPTED
from app.resources.health_agreements.tables import PartyRow
from app.rest.view import AS_OF

DEADLINE: Final = Said(
    "Den frist for svar, som parten fik",
    "The deadline for an answer that the party was given",
)
PARTY = {
    "part": PartyRow.position,
    "day": PartyRow.deadline,
    "others": array([path_of("organisations", PartyRow.organisation_id)]),
}
OVERDUE = found("health-agreements", PartyRow.record_id, **PARTY, days=days(PartyRow.deadline, AS_OF)).where(
    PartyRow.deadline < AS_OF
)

ANSWER_RULES: Final = (
    Rule(
        id="answer_late",
        severity="warning",
        basis=DEADLINE,
        sentence=Said("Partens svar kom efter fristen.", "The party answered after the deadline."),
        found=found(
            "health-agreements", PartyRow.record_id, **PARTY, days=days(PartyRow.deadline, PartyRow.decided_on)
        ).where(PartyRow.decided_on > PartyRow.deadline, PartyRow.decided_on <= AS_OF),
    ),
    Rule(
        id="answer_missing",
        severity="warning",
        basis=DEADLINE,
        sentence=Said(
            "Fristen for svar er udløbet, og parten har ikke svaret.",
            "The deadline has passed, and the party has not answered.",
        ),
        found=OVERDUE.where(or_(PartyRow.decision == "pending", PartyRow.decided_on > AS_OF)),
    ),
    Rule(
        id="answer_unknown",
        severity="notice",
        basis=DEADLINE,
        sentence=Said(
            "Fristen for svar er udløbet, og registret ved ikke, om parten har svaret.",
            "The deadline has passed, and the register does not know whether the party has answered.",
        ),
        found=OVERDUE.where(PartyRow.decision.is_(None), ~ALL_ADOPTED),
    ),
)
