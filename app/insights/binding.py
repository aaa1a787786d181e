"""Which municipalities a health agreement binds, and when: what coverage tells, and what the findings look at."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from app.resources.health_agreements.course import known_days, possible_days
from app.resources.health_agreements.tables import HealthAgreementRow, PartyRow
from app.resources.organisations.tables import OrganisationRow

BINDING: Final = (
    select(
        OrganisationRow.municipality_id,
        HealthAgreementRow.id,
        HealthAgreementRow.title,
        HealthAgreementRow.legal_basis,
        HealthAgreementRow.period,
        known_days(HealthAgreementRow).label("known"),
        possible_days(HealthAgreementRow).label("possible"),
        PartyRow.decision,
        PartyRow.decided_on,
        PartyRow.deadline,
    )
    .join(PartyRow, PartyRow.organisation_id == OrganisationRow.id)
    .join(HealthAgreementRow, HealthAgreementRow.id == PartyRow.record_id)
    .where(HealthAgreementRow.kind == "health_agreement", OrganisationRow.municipality_id.is_not(None))
    .ext(distinct_on(OrganisationRow.municipality_id, HealthAgreementRow.id))
    .subquery("binding")
)
"""The statutory agreements that bind each municipality, by way of the authority that governs it."""
