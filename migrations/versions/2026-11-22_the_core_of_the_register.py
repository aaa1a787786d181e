"""The core of the register: areas, organisations, health agreements, initiatives and funding."""

from app.rest.past import DEFERRED, create

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RECORDS = {
    "area_change": """
        kind text not null,
        title text not null,
        effective_on date not null,
        legal_act text,
        note text""",
    "region": """
        country text not null,
        code text,
        code_system text,
        nuts2 text,
        nuts_year integer,
        name text not null,
        names_da text,
        names_sv text,
        names_en text,
        seat text,
        period daterange not null,
        sort_name text collate "C" not null generated always as (danish_order(name)) stored""",
    "municipality": """
        country text not null,
        code text,
        code_system text,
        nuts3 text,
        nuts_year integer,
        name text not null,
        population integer,
        population_on date,
        point_latitude double precision,
        point_longitude double precision,
        period daterange not null,
        sort_name text collate "C" not null generated always as (danish_order(name)) stored""",
    "organisation": """
        kind text not null,
        name text not null,
        region_id text,
        municipality_id text,
        period daterange,
        website text,
        sort_name text collate "C" not null generated always as (danish_order(name)) stored""",
    "health_agreement": """
        kind text not null,
        title text not null,
        region_id text not null,
        drafted_by_id text,
        legal_basis text,
        nominal_edtf text,
        nominal_earliest date,
        nominal_latest date,
        period daterange,
        vision text,
        edition text,
        replaces_id text,
        focus_areas text[] not null,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
    "initiative": """
        kind text not null,
        parent_id text,
        title text not null,
        summary text,
        background text,
        vision text,
        aims text[] not null,
        status text,
        period daterange,
        lead_id text,
        budget_amount numeric(15, 2),
        budget_currency text,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
    "funding_programme": """
        kind text not null,
        name text not null,
        fund text,
        parent_id text,
        manager_id text,
        decided_by_id text,
        decided_by_office text,
        period daterange,
        frame_amount numeric(15, 2),
        frame_currency text,
        sort_name text collate "C" not null generated always as (danish_order(name)) stored""",
    "grant": """
        title text not null,
        programme_id text not null,
        funder_id text,
        initiative_id text,
        status text,
        sought_amount numeric(15, 2),
        sought_currency text,
        awarded_amount numeric(15, 2),
        awarded_currency text,
        award_date_edtf text,
        award_date_earliest date,
        award_date_latest date,
        conditional boolean,
        conditions text,
        recovered_amount numeric(15, 2),
        recovered_currency text,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
}
PARTS = {
    ("area_change_before", "area_change"): """
        region_id text,
        municipality_id text,
        name text not null,
        code text""",
    ("area_change_after", "area_change"): """
        region_id text,
        municipality_id text,
        name text not null,
        code text""",
    ("municipality_membership", "municipality"): """
        region_id text not null,
        period daterange not null""",
    ("organisation_name_variant", "organisation"): """
        name text not null,
        note text""",
    ("organisation_identifier", "organisation"): """
        scheme text not null,
        value text not null""",
    ("organisation_contact_point", "organisation"): """
        name text not null,
        street text,
        postal_code text,
        town text,
        phone text,
        email text""",
    ("organisation_member", "organisation"): """
        organisation_id text,
        described_as text,
        role text,
        seats integer,
        appointed_by text,
        period daterange,
        stated_edtf text,
        stated_earliest date,
        stated_latest date""",
    ("organisation_office", "organisation"): """
        title text not null,
        person text not null,
        party text,
        period daterange,
        held_on date""",
    ("health_agreement_party", "health_agreement"): """
        organisation_id text not null,
        decision text,
        decided_on date,
        deadline date,
        reservation text,
        case_number text""",
    ("health_agreement_milestone", "health_agreement"): """
        kind text not null,
        date_edtf text,
        date_earliest date,
        date_latest date,
        note text""",
    ("health_agreement_extension", "health_agreement"): """
        until date not null,
        legal_basis text""",
    ("initiative_partner", "initiative"): """
        organisation_id text not null,
        role text not null,
        period daterange,
        budget_amount numeric(15, 2),
        budget_currency text,
        contribution_amount numeric(15, 2),
        contribution_currency text""",
    ("initiative_area", "initiative"): """
        region_id text,
        municipality_id text""",
    ("initiative_target_group", "initiative"): """
        description text not null,
        persons_min integer,
        persons_max integer""",
    ("initiative_stage", "initiative"): """
        name text not null,
        persons_min integer,
        persons_max integer,
        period daterange""",
    ("initiative_contact", "initiative"): """
        role text not null,
        person text,
        organisation_id text,
        phone text,
        email text""",
    ("funding_programme_cofinancing_rule", "funding_programme"): """
        project_kind text,
        partner_country text,
        rate numeric(7, 4),
        cap_amount numeric(15, 2),
        cap_currency text""",
    ("funding_programme_call", "funding_programme"): """
        title text not null,
        opens_on date,
        closes_on date,
        frame_amount numeric(15, 2),
        frame_currency text""",
    ("grant_recipient", "grant"): """
        organisation_id text not null""",
    ("grant_instalment", "grant"): """
        planned_on date,
        planned_amount numeric(15, 2),
        planned_currency text,
        paid_on date,
        paid_amount numeric(15, 2),
        paid_currency text""",
    ("grant_account", "grant"): """
        due_on date,
        delivered_on date,
        claimed_amount numeric(15, 2),
        claimed_currency text,
        accepted_amount numeric(15, 2),
        accepted_currency text,
        rejected_amount numeric(15, 2),
        rejected_currency text,
        auditor text""",
}
REFERENCES = {
    ("area_change_before", "region_id"): "region",
    ("area_change_before", "municipality_id"): "municipality",
    ("area_change_after", "region_id"): "region",
    ("area_change_after", "municipality_id"): "municipality",
    ("municipality_membership", "region_id"): "region",
    ("organisation", "region_id"): "region",
    ("organisation", "municipality_id"): "municipality",
    ("organisation_member", "organisation_id"): "organisation",
    ("health_agreement", "region_id"): "region",
    ("health_agreement", "drafted_by_id"): "organisation",
    ("health_agreement", "replaces_id"): "health_agreement",
    ("health_agreement_party", "organisation_id"): "organisation",
    ("initiative", "parent_id"): "initiative",
    ("initiative", "lead_id"): "organisation",
    ("initiative_partner", "organisation_id"): "organisation",
    ("initiative_area", "region_id"): "region",
    ("initiative_area", "municipality_id"): "municipality",
    ("initiative_contact", "organisation_id"): "organisation",
    ("funding_programme", "parent_id"): "funding_programme",
    ("funding_programme", "manager_id"): "organisation",
    ("funding_programme", "decided_by_id"): "organisation",
    ("grant", "programme_id"): "funding_programme",
    ("grant", "funder_id"): "organisation",
    ("grant", "initiative_id"): "initiative",
    ("grant_recipient", "organisation_id"): "organisation",
}

# What the database itself refuses, with the reason that the person who tried is given.
RULES = {
    ("region", "uq_region_period"): (
        "unique (id, period without overlaps)",
        "A region exists at one time only.",
    ),
    ("municipality", "uq_municipality_period"): (
        "unique (id, period without overlaps)",
        "A municipality exists at one time only.",
    ),
    ("municipality_membership", "uq_municipality_membership_period"): (
        f"unique (record_id, period without overlaps) {DEFERRED}",
        "A municipality belongs to one region at a time.",
    ),
    ("municipality_membership", "fk_municipality_membership_record_period"): (
        f"foreign key (record_id, period period) references municipality (id, period period) {DEFERRED}",
        "A municipality belongs to a region only while the municipality exists.",
    ),
    ("municipality_membership", "fk_municipality_membership_region_period"): (
        f"foreign key (region_id, period period) references region (id, period period) {DEFERRED}",
        "A municipality belongs to a region only while the region exists.",
    ),
    ("municipality_membership", "ck_municipality_membership_period"): (
        "check (not isempty(period))",
        "A membership lasts at least a day.",
    ),
    ("area_change_before", "ck_area_change_before_one_area"): (
        "check (num_nonnulls(region_id, municipality_id) = 1)",
        "An area is either a region or a municipality.",
    ),
    ("area_change_after", "ck_area_change_after_one_area"): (
        "check (num_nonnulls(region_id, municipality_id) = 1)",
        "An area is either a region or a municipality.",
    ),
    ("initiative_area", "ck_initiative_area_one_area"): (
        "check (num_nonnulls(region_id, municipality_id) = 1)",
        "An area is either a region or a municipality.",
    ),
    ("initiative", "ck_initiative_parent"): ("check (parent_id <> id)", "An initiative is no part of itself."),
    ("funding_programme", "ck_funding_programme_parent"): (
        "check (parent_id <> id)",
        "A funding programme is no part of itself.",
    ),
    ("health_agreement", "ck_health_agreement_replaces"): (
        "check (replaces_id <> id)",
        "A health agreement does not follow itself.",
    ),
    ("health_agreement_party", "uq_health_agreement_party_record_id_organisation_id"): (
        f"unique (record_id, organisation_id) {DEFERRED}",
        "An organisation is party to an agreement once.",
    ),
    ("grant_recipient", "uq_grant_recipient_record_id_organisation_id"): (
        f"unique (record_id, organisation_id) {DEFERRED}",
        "An organisation receives a grant once.",
    ),
}


def upgrade() -> None:
    """Create the tables."""
    create(RECORDS, PARTS, REFERENCES, RULES)
