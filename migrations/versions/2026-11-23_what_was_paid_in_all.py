"""What was paid of a grant in all stands with the grant, so that sums need not go through its instalments.

Where a grant without an award was paid in several currencies, which is refused from now on, the first one counts.
"""

from alembic import op

from app.rest.past import track

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PAID = "from grant_instalment where {own} and paid_amount is not null"
FIRST = "group by paid_currency order by min(position) limit 1"
NOW = "record_id = made.id"
THEN = f"{NOW} and recorded_from <= made.recorded_from and (recorded_to is null or recorded_to > made.recorded_from)"
"""The instalments that a grant has, and those that a version of it had."""


def upgrade() -> None:
    """Add what was paid in all, now and in every version that there was."""
    op.execute('alter table "grant" add column paid_amount numeric, add column paid_currency text')
    track("grant")
    op.execute('alter table "grant" disable trigger user')  # nobody has written: there is no revision, and no version
    for schema, own in (("public", NOW), ("history", THEN)):
        op.execute(f"set local search_path to {schema}, public")
        paid = PAID.format(own=own)
        amount, currency = (f"select {value} {paid} {FIRST}" for value in ("sum(paid_amount)", "paid_currency"))
        op.execute(f"""
            update "grant" as made
            set paid_amount = ({amount}), paid_currency = ({currency})
            where exists (select {paid})""")
    op.execute("set local search_path to default")
    op.execute('alter table "grant" enable trigger user')
