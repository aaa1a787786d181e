"""Who may write: API keys, and how often something may be done; whose records a revision's author keeps.

None of it has a past: what a key was is in the revisions that it made. The role that serves reads keys and notes that
they are in use, and can't make, change or revoke any (the grants are in app/migrating.py).
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table api_key (
        prefix text constraint pk_api_key primary key,
        hash bytea not null constraint uq_api_key_hash unique,
        label text not null,
        role text not null constraint ck_api_key_role check (role in ('editor', 'steward', 'admin')),
        organisations text[] not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        constraint ck_api_key_organisations check ((role = 'editor') = (cardinality(organisations) > 0))
    )
    """,
    "comment on constraint uq_api_key_hash on api_key is 'A key is made once.'",
    "comment on constraint ck_api_key_role on api_key is 'A role is editor, steward or admin.'",
    """
    comment on constraint ck_api_key_organisations on api_key is
    'An editor keeps the records of certain organisations; a steward and an admin keep all.'
    """,
    """
    create unlogged table allowance (
        name text constraint pk_allowance primary key,
        empty_at timestamptz not null
    ) with (fillfactor = 50)
    """,
    "alter table revision add column by_organisations text[]",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
