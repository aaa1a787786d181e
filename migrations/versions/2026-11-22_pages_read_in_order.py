"""An index for each sort of each list, so that a page costs the same however long the list is, and for rare values.

What may be unknown has two sorts, for it comes last in either direction.
"""

from alembic import op

from app.rest.past import track

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SORTS = {
    ("document", "title"): "sort_title",
    ("document", "published_first"): "coalesce(published_earliest, date '9999-12-30')",
    ("document", "published_last"): "coalesce(published_earliest, date '0001-01-02')",
    ("area_change", "effective_on"): "effective_on",
    ("indicator", "title"): "sort_title",
    ("measurement", "date_first"): "coalesce(date_latest, date '9999-12-30')",
    ("measurement", "date_last"): "coalesce(date_latest, date '0001-01-02')",
    ("measurement", "value_first"): "coalesce(value, 9999999999999.99)",
    ("measurement", "value_last"): "coalesce(value, -9999999999999.99)",
    ("region", "name"): "sort_name",
    ("municipality", "name"): "sort_name",
    ("organisation", "name"): "sort_name",
    ("funding_programme", "name"): "sort_name",
    ("funding_programme", "start_first"): "coalesce(lower(period), date '9999-12-30')",
    ("funding_programme", "start_last"): "coalesce(lower(period), date '0001-01-02')",
    ("health_agreement", "title"): "sort_title",
    ("health_agreement", "start_first"): "coalesce(lower(period), date '9999-12-30')",
    ("health_agreement", "start_last"): "coalesce(lower(period), date '0001-01-02')",
    ("plan", "title"): "sort_title",
    ("plan", "start_first"): "coalesce(lower(period), date '9999-12-30')",
    ("plan", "start_last"): "coalesce(lower(period), date '0001-01-02')",
    ("goal", "number"): "number",
    ("goal", "title"): "sort_title",
    ("consultation", "title"): "sort_title",
    ("consultation", "start_first"): "coalesce(lower(period), date '9999-12-30')",
    ("consultation", "start_last"): "coalesce(lower(period), date '0001-01-02')",
    ("event", "title"): "sort_title",
    ("event", "date_first"): "coalesce(date_earliest, date '9999-12-30')",
    ("event", "date_last"): "coalesce(date_earliest, date '0001-01-02')",
    ("initiative", "title"): "sort_title",
    ("initiative", "start_first"): "coalesce(lower(period), date '9999-12-30')",
    ("initiative", "start_last"): "coalesce(lower(period), date '0001-01-02')",
    ("initiative", "budget_first"): "coalesce(budget_amount, 9999999999999.99)",
    ("initiative", "budget_last"): "coalesce(budget_amount, -9999999999999.99)",
    ("grant", "title"): "sort_title",
    ("grant", "awarded_first"): "coalesce(awarded_amount, 9999999999999.99)",
    ("grant", "awarded_last"): "coalesce(awarded_amount, -9999999999999.99)",
    ("grant", "award_date_first"): "coalesce(award_date_earliest, date '9999-12-30')",
    ("grant", "award_date_last"): "coalesce(award_date_earliest, date '0001-01-02')",
}
VALUES = {
    "initiative": ["kind", "status", "budget_currency"],
    "grant": ["status", "awarded_currency"],
    "organisation": ["kind"],
    "document": ["kind"],
}
"""What long lists are filtered by, and what few records of them may have."""


def upgrade() -> None:
    """Create the indexes, in history too."""
    for (table, name), key in SORTS.items():
        op.execute(f'create index sort_{table}_{name} on "{table}" (({key}), id)')
    for table, columns in VALUES.items():
        for column in columns:
            op.execute(f'create index ix_{table}_{column} on "{table}" ({column})')
    track(*dict.fromkeys(table for table, _ in SORTS))
