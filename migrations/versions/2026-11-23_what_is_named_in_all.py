"""The areas and partners of an initiative stand with it too, so that many are counted by them quickly."""

from alembic import op

from app.rest.past import track

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOW = "record_id = made.id"
THEN = f"{NOW} and recorded_from <= made.recorded_from and (recorded_to is null or recorded_to > made.recorded_from)"
"""The parts that an initiative has, and those that a version of it had."""
NAMED = {
    "area_ids": "select coalesce(municipality_id, region_id) from initiative_area where {own} order by position",
    "partner_ids": "select organisation_id from initiative_partner where {own} order by position",
}


def upgrade() -> None:
    """Add them, now and in every version that there was; and tell the planner that few currencies go together."""
    for name in NAMED:
        op.execute(f"alter table initiative add column {name} text[] not null default '{{}}'")
        op.execute(f"alter table initiative alter column {name} drop default")
    track("initiative")
    op.execute("alter table initiative disable trigger user")  # nobody has written: there is no revision
    for schema, own in (("public", NOW), ("history", THEN)):
        op.execute(f"set local search_path to {schema}, public")
        named = ", ".join(f"{name} = array({ids.format(own=own)})" for name, ids in NAMED.items())
        op.execute(f"update initiative as made set {named}")
    op.execute("set local search_path to default")
    op.execute("alter table initiative enable trigger user")
    op.execute("""
        create statistics grant_currencies (ndistinct)
        on awarded_currency, sought_currency, paid_currency, recovered_currency from "grant" """)
