"""${message}."""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

# A table that is in use is locked for moments only: what cannot have its lock at once fails, and is run again.
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "3s", "10min"


def upgrade() -> None:
    """Change the schema; end with track() of app.rest.past for every table that a record or a part lives in."""
    op.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
    op.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
    ${upgrades if upgrades else "pass"}
