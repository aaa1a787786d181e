"""What a register is a mirror of, and up to where: it has no past, for what it has seen is in the log."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = """
create table mirror (
    source text constraint pk_mirror primary key,
    position text not null,
    epoch text not null
)
"""


def upgrade() -> None:
    """Create the table, which has one row at the most."""
    op.execute(TABLE)
