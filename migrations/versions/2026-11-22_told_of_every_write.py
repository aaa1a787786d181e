"""Tell of every revision which resources it has written, when it is committed: for those who keep answers."""

from typing import Final

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TELL: Final = """
create function tell_revision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_notify('broen_revision', json_build_array(revision, json_agg(distinct resource))::text)
    from came group by revision;
    return null;
end $$
"""
"""The same message twice in one transaction is one message; all come together, in the order of the commits."""

TRIGGER: Final = """
create trigger tell_revision after insert on change referencing new table as came
for each statement execute function tell_revision()
"""


def upgrade() -> None:
    """Have the log tell."""
    op.execute(TELL)
    op.execute("comment on function tell_revision() is 'Tells who listens of a revision and the resources it wrote.'")
    op.execute(TRIGGER)
