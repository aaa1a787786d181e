"""Indexes that lead from an organisation or an area to its initiatives without reading these themselves.

Sums by year need to know how few years there are.
"""

from alembic import op

from app.rest.past import track

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

LEADING = {
    "initiative": [("lead_id", "id")],
    "initiative_area": [("municipality_id", "record_id"), ("region_id", "record_id")],
    "initiative_partner": [("organisation_id", "record_id")],
}
YEAR = """
    create statistics if not exists grant_award_year on (
        case when date_part('year', award_date_latest) = date_part('year', award_date_earliest)
        then cast(date_part('year', award_date_earliest) as integer) end
    ) from "grant"
"""


def upgrade() -> None:
    """Create the indexes, in history too, and the statistics."""
    for table, indexes in LEADING.items():
        for columns in indexes:
            op.execute(f"create index if not exists ix_{table}_{'_'.join(columns)} on {table} ({', '.join(columns)})")
    op.execute(YEAR)
    op.execute('analyze "grant"')
    track(*LEADING)
