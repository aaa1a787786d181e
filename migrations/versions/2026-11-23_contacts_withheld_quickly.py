"""Contacts withheld quickly: what names nobody is passed by, and what does takes a third of the time."""

from typing import Final

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

LOGGED: Final = """
create or replace function published(record text, since bigint, value jsonb) returns jsonb
language plpgsql stable parallel safe as $$
begin
    if value @? '$.contacts[*] ? (@.person != null || @.phone != null || @.email != null)' then
        return jsonb_set(value, '{contacts}', (
            select jsonb_agg(
                case when public.published(record, c.role, c.person, c.phone, c.email, c.publish_until)
                    and not public.withdrawn(record, c.role, c.person, c.phone, c.email, since)
                then contact else contact || '{"person": null, "phone": null, "email": null}' end
                order by place)
            from jsonb_array_elements(value -> 'contacts') with ordinality as listed (contact, place),
                jsonb_to_record(contact) as c (role text, person text, phone text, email text, publish_until date)));
    end if;
    return value;
end $$
"""


def upgrade() -> None:
    """Replace the function; what it withholds stays the same."""
    op.execute(LOGGED)
