"""A person erased: it is found quickly whether, and when last, anything was."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the few entries that say so."""
    op.execute("create index ix_change_erased on change (revision) where op = 'erase'")
