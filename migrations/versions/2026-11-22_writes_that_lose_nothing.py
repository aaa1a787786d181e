"""Writes that lose nothing: what stands for a deleted record, and answers to be given again.

An answer that is given again has no past: it is kept for a day, and what was written is in the log.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table change add column replaced_by text",
    """
    create table repeatable (
        key bytea constraint pk_repeatable primary key,
        request bytea not null,
        status integer not null,
        headers jsonb not null,
        body bytea not null,
        created_at timestamptz not null
    )
    """,
    "create index ix_repeatable_created_at on repeatable (created_at)",
)


def upgrade() -> None:
    """Add the column and the table."""
    for statement in STATEMENTS:
        op.execute(statement)
