"""Plans, goals and events, and the goals that initiatives work for."""

from app.rest.past import DEFERRED, create

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RECORDS = {
    "plan": """
        kind text not null,
        title text not null,
        organisation_id text,
        period daterange,
        summary text,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
    "goal": """
        agreement_id text,
        plan_id text,
        parent_id text,
        number integer not null,
        "group" text,
        title text not null,
        description text,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
    "event": """
        kind text not null,
        title text not null,
        date_edtf text,
        date_earliest date,
        date_latest date,
        place text,
        host_id text,
        agreement_id text,
        plan_id text,
        summary text,
        themes text[] not null,
        sort_title text collate "C" not null generated always as (danish_order(title)) stored""",
}
PARTS = {
    ("plan_principle", "plan"): """
        title text not null,
        text text""",
    ("plan_focus_area", "plan"): """
        title text not null,
        text text""",
    ("plan_milestone", "plan"): """
        kind text not null,
        announced boolean not null,
        date_edtf text,
        date_earliest date,
        date_latest date,
        note text""",
    ("plan_advice", "plan"): """
        organisation_id text not null,
        asked_on date,
        obtained_on date,
        summary text""",
    ("event_participant", "event"): """
        organisation_id text,
        described_as text,
        role text,
        count_min integer,
        count_max integer""",
    ("initiative_goal", "initiative"): """
        goal_id text not null""",
}
REFERENCES = {
    ("plan", "organisation_id"): "organisation",
    ("plan_advice", "organisation_id"): "organisation",
    ("goal", "agreement_id"): "health_agreement",
    ("goal", "plan_id"): "plan",
    ("goal", "parent_id"): "goal",
    ("event", "host_id"): "organisation",
    ("event", "agreement_id"): "health_agreement",
    ("event", "plan_id"): "plan",
    ("event_participant", "organisation_id"): "organisation",
    ("initiative_goal", "goal_id"): "goal",
}
RULES = {
    ("goal", "ck_goal_of_one"): (
        "check (num_nonnulls(agreement_id, plan_id) = 1)",
        "A goal is a health agreement's or a plan's.",
    ),
    ("goal", "ck_goal_parent"): ("check (parent_id <> id)", "A goal is no part of itself."),
    ("initiative_goal", "uq_initiative_goal_record_id_goal_id"): (
        f"unique (record_id, goal_id) {DEFERRED}",
        "An initiative works for a goal once.",
    ),
}


def upgrade() -> None:
    """Create the tables."""
    create(RECORDS, PARTS, REFERENCES, RULES)
