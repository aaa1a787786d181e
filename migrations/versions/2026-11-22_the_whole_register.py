"""What completes the register: indicators, measurements, consultations, reviews, successions, a grant's whole life.

Populations become measurements, which the packaged data bring; nobody else has been able to write any.
"""

from alembic import op

from app.rest.past import DEFERRED, create, track

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ALTERED = {
    "municipality": "drop column population, drop column population_on",
    "organisation_member": "add column person text",
    "health_agreement": "add column amends_id text",
    "initiative_partner": "add column cofinancing_amount numeric(15, 2), add column cofinancing_currency text",
    "funding_programme_call": """
        add column applications integer, add column sought_amount numeric(15, 2), add column sought_currency text,
        add column awards integer""",
    "grant": """
        add column call text, add column applied_edtf text, add column applied_earliest date,
        add column applied_latest date""",
    "grant_recipient": "add column share_amount numeric(15, 2), add column share_currency text",
    "grant_account": """
        drop column auditor, add column audit_auditor text, add column audit_opinion text,
        add column audit_given_on date""",
}
RECORDS = {
    "indicator": """
        title text not null,
        description text,
        unit text,
        better text,
        publisher text,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
    "measurement": """
        indicator_id text not null,
        definition integer,
        region_id text,
        municipality_id text,
        date_edtf text not null,
        date_earliest date,
        date_latest date,
        value numeric,
        note text""",
    "consultation": """
        title text not null,
        agreement_id text,
        plan_id text,
        held_by_id text,
        period daterange,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
}
PARTS = {
    ("indicator_definition", "indicator"): """
        number integer not null,
        text text not null,
        period daterange""",
    ("indicator_target", "indicator"): """
        goal_id text not null,
        region_id text,
        municipality_id text,
        baseline numeric,
        baseline_date_edtf text,
        baseline_date_earliest date,
        baseline_date_latest date,
        value numeric,
        due_edtf text,
        due_earliest date,
        due_latest date""",
    ("organisation_predecessor", "organisation"): """
        organisation_id text not null,
        since date,
        legal_basis text""",
    ("health_agreement_review", "health_agreement"): """
        year integer not null,
        held_edtf text,
        held_earliest date,
        held_latest date,
        reviewed_by_id text,
        summary text""",
    ("consultation_response", "consultation"): """
        organisation_id text,
        described_as text,
        received_edtf text,
        received_earliest date,
        received_latest date,
        summary text,
        outcome text,
        reason text""",
    ("grant_report", "grant"): """
        title text not null,
        due_on date,
        delivered_on date""",
}
REFERENCES = {
    ("health_agreement", "amends_id"): "health_agreement",
    ("indicator_target", "goal_id"): "goal",
    ("indicator_target", "region_id"): "region",
    ("indicator_target", "municipality_id"): "municipality",
    ("measurement", "indicator_id"): "indicator",
    ("measurement", "region_id"): "region",
    ("measurement", "municipality_id"): "municipality",
    ("organisation_predecessor", "organisation_id"): "organisation",
    ("health_agreement_review", "reviewed_by_id"): "organisation",
    ("consultation", "agreement_id"): "health_agreement",
    ("consultation", "plan_id"): "plan",
    ("consultation", "held_by_id"): "organisation",
    ("consultation_response", "organisation_id"): "organisation",
}
RULES = {
    ("indicator_definition", "uq_indicator_definition_record_id_number"): (
        "unique (record_id, number)",
        "Each definition of an indicator has a number of its own.",
    ),
    ("indicator_target", "ck_indicator_target_area"): (
        "check (num_nonnulls(region_id, municipality_id) <= 1)",
        "A target is for a region, for a municipality, or for all.",
    ),
    ("measurement", "ck_measurement_area"): (
        "check (num_nonnulls(region_id, municipality_id) = 1)",
        "A measurement is of a region or of a municipality.",
    ),
    ("measurement", "fk_measurement_indicator_id_definition"): (
        f"foreign key (indicator_id, definition) references indicator_definition (record_id, number) {DEFERRED}",
        "A measurement names a definition that its indicator has.",
    ),
    ("measurement", "uq_measurement_once"): (
        "unique nulls not distinct (indicator_id, definition, region_id, municipality_id, date_edtf) " + DEFERRED,
        "There is a measurement of this indicator, definition, area and time already; another source belongs to it.",
    ),
    ("consultation", "ck_consultation_about_one"): (
        "check (num_nonnulls(agreement_id, plan_id) = 1)",
        "A consultation is about a health agreement or about a plan.",
    ),
    ("health_agreement", "ck_health_agreement_amends"): (
        "check (amends_id is null or kind = 'addendum')",
        "Only an addendum amends an agreement.",
    ),
    ("health_agreement_review", "uq_health_agreement_review_record_id_year"): (
        f"unique (record_id, year) {DEFERRED}",
        "An agreement is reviewed once for each year.",
    ),
    ("organisation_predecessor", "uq_organisation_predecessor_record_id_organisation_id"): (
        f"unique (record_id, organisation_id) {DEFERRED}",
        "An organisation follows another one once.",
    ),
    ("funding_programme_call", "uq_funding_programme_call_record_id_title"): (
        "unique (record_id, title)",
        "The calls of a programme have different titles.",
    ),
    ("grant", "fk_grant_programme_id_call"): (
        f"foreign key (programme_id, call) references funding_programme_call (record_id, title) {DEFERRED}",
        "A grant names a call that its programme has, by its title there.",
    ),
}


def upgrade() -> None:
    """Alter what there is, create what is new."""
    for table, change in ALTERED.items():
        op.execute(f'alter table "{table}" {change}')
    create(RECORDS, PARTS, REFERENCES, RULES)
    track(*ALTERED)
