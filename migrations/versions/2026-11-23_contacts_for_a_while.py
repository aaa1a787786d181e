"""Contacts that are published until a day: then the log tells no more of them, and no search ever finds them."""

from alembic import op

from app.rest.past import track

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PUBLISHED = """
create function published(value jsonb) returns jsonb language sql stable parallel safe
begin atomic
    select case when jsonb_path_exists(value, '$.contacts[*].publish_until ? (@ != null)') then jsonb_set(
        value, '{contacts}', (
            select jsonb_agg(
                case when (contact ->> 'publish_until')::date < timezone('Europe/Copenhagen', now())::date
                    then contact || '{"person": null, "phone": null, "email": null}' else contact end
                order by place)
            from jsonb_array_elements(value -> 'contacts') with ordinality as listed (contact, place)))
    else value end;
end
"""

SAID = """
create or replace function search_said(value jsonb) returns text language sql immutable strict parallel safe
begin atomic
    select string_agg(said #>> '{{}}', e'\\n')
    from jsonb_path_query(
            case when jsonb_path_exists(value, '$.contacts[*].publish_until ? (@ != null)') then jsonb_set(
                value, '{{contacts}}',
                jsonb_path_query_array(value, '$.contacts[*] ? (!(@.publish_until != null))'))
            else value end - '{{title,name,partners,sources}}'::text[],
            'strict $.** ? (@.type() == "object").keyvalue()') as pair,
        jsonb_path_query(pair -> 'value', 'lax $[*] ? (@.type() == "string")') as said
    where pair ->> 'key' <> all ('{{{unsaid}}}') and said #>> '{{}}' !~ '^\\d{{4}}-\\d\\d-\\d\\d$';
end
"""
UNSAID = (
    *("edtf", "about", "url", "website", "email", "phone", "language", "code_system", "scheme"),
    *("project_kind", "partner_country"),
    *("agreement", "amends", "decided_by", "document", "drafted_by", "funder", "goal", "held_by", "host", "indicator"),
    *(
        "initiative",
        "lead",
        "manager",
        "municipality",
        "organisation",
        "owner",
        "parent",
        "plan",
        "programme",
        "region",
    ),
    *("replaces", "reviewed_by"),
    *("better", "country", "currency", "decision", "kind", "opinion", "outcome", "status"),
)


def upgrade() -> None:
    """Add the day, and what withholds."""
    op.execute("alter table initiative_contact add column publish_until date")
    track("initiative_contact")
    op.execute(PUBLISHED)
    op.execute("comment on function published(jsonb) is 'A record as it was stored, without what may be told no more.'")
    op.execute(SAID.format(unsaid=",".join(UNSAID)))
