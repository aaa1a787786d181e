"""Contacts withdrawn however they are spelt: a number, an address or a name that is the same withholds the others."""

from typing import Final

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

SAID: Final = r"""
create function contact_said(person text, phone text, email text) returns text[]
language sql immutable parallel safe
return array[
    lower(normalize(btrim(regexp_replace(person, '\s+', ' ', 'g'))) collate pg_c_utf8),
    nullif(regexp_replace(regexp_replace(phone, '\D', '', 'g'), '^(00)?(45(?=\d{8}$))?', ''), ''),
    lower(email collate pg_c_utf8)]
"""
WITHDRAWN: Final = """
create or replace function withdrawn(record text, role text, person text, phone text, email text, since bigint)
returns boolean language sql stable parallel safe security definer
begin atomic
    select exists (
        select from history.initiative_contact as later
        where later.record_id = record and later.recorded_from > since
        and later.publish_until < timezone('Europe/Copenhagen', now())::date and (
            contact_said(later.person, later.phone, later.email)
                && (select contact_said(withdrawn.person, withdrawn.phone, withdrawn.email))
            or later.role = withdrawn.role and num_nonnulls(later.person, later.phone, later.email) = 0));
end
"""
"""What is asked about is spelt once, and of the others only those that are withheld."""
COMMENT: Final = "Whom a contact says, as it compares: a name in its words, the digits of a number, and an address."


def upgrade() -> None:
    """Replace what compares."""
    op.execute(SAID)
    op.execute(WITHDRAWN)
    op.execute(f"comment on function contact_said is $${COMMENT}$$")
