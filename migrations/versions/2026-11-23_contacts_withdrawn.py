"""Contacts withdrawn: a day that a later version says counts for those before it, and no search finds contacts."""

from typing import Final

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TODAY: Final = "timezone('Europe/Copenhagen', now())::date"
CONTACT: Final = "record text, role text, person text, phone text, email text"

WITHDRAWN: Final = f"""
create or replace function withdrawn({CONTACT}, since bigint) returns boolean
language sql stable parallel safe security definer
begin atomic
    select exists (
        select from history.initiative_contact as later
        where later.record_id = record and later.recorded_from > since and later.publish_until < {TODAY} and (
            later.person = withdrawn.person or later.phone = withdrawn.phone or later.email = withdrawn.email
            or later.role = withdrawn.role and num_nonnulls(later.person, later.phone, later.email) = 0));
end
"""
"""It acts as its owner: the role that serves does not see the twins."""
NOW: Final = f"""
create or replace function published({CONTACT}, until date) returns boolean language sql stable parallel safe
return until is null or until >= {TODAY}
"""
THEN: Final = f"""
create or replace function past.published({CONTACT}, until date) returns boolean language sql stable parallel safe
return public.published(record, role, person, phone, email, until)
    and not public.withdrawn(record, role, person, phone, email, current_setting('broen.known_at')::bigint)
"""
LOGGED: Final = """
create or replace function published(record text, since bigint, value jsonb) returns jsonb
language sql stable parallel safe
begin atomic
    select case when value -> 'contacts' <> '[]' then jsonb_set(
        value, '{contacts}', (
            select jsonb_agg(
                case when published(record, c.role, c.person, c.phone, c.email, c.publish_until)
                    and not withdrawn(record, c.role, c.person, c.phone, c.email, since)
                then contact else contact || '{"person": null, "phone": null, "email": null}' end
                order by place)
            from jsonb_array_elements(value -> 'contacts') with ordinality as listed (contact, place),
                jsonb_to_record(contact) as c (role text, person text, phone text, email text, publish_until date)))
    else value end;
end
"""
SAID: Final = """
create or replace function search_said(value jsonb) returns text language sql immutable strict parallel safe
begin atomic
    select string_agg(said #>> '{{}}', e'\\n')
    from jsonb_path_query(
            value - '{{title,name,partners,sources,contacts}}'::text[],
            'strict $.** ? (@.type() == "object").keyvalue()') as pair,
        jsonb_path_query(pair -> 'value', 'lax $[*] ? (@.type() == "string")') as said
    where pair ->> 'key' <> all ('{{{unsaid}}}') and said #>> '{{}}' !~ '^\\d{{4}}-\\d\\d-\\d\\d$';
end
"""
UNSAID: Final = (
    *("edtf", "about", "url", "website", "email", "phone", "language", "code_system", "scheme"),
    *("project_kind", "partner_country"),
    *("agreement", "amends", "decided_by", "document", "drafted_by", "funder", "goal", "held_by", "host", "indicator"),
    *("initiative", "lead", "manager", "municipality", "organisation", "owner", "parent", "plan", "programme"),
    *("region", "replaces", "reviewed_by"),
    *("better", "country", "currency", "decision", "kind", "opinion", "outcome", "status"),
)
FORGOTTEN: Final = (
    "alter table search_entry disable trigger user",
    "alter table search_word disable trigger user",
    """
    update history.search_entry as entry set text = search_said(value),
        words = search_words(entry.title, entry.record_id, search_said(value))
    from (
        select distinct on (resource, id, revision) * from change
        where value -> 'contacts' <> '[]' order by resource, id, revision, seq desc
    ) as said
    where entry.id = said.resource || '/' || said.id and recorded_from = revision
    """,
    """
    update search_entry set text = was.text from history.search_entry as was
    where was.id = search_entry.id and was.recorded_to is null and was.text is distinct from search_entry.text
    """,
    """
    delete from search_word using (
        select distinct unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', search_fold(said #>> '{}')))) as word
        from change, jsonb_path_query(value, '$.contacts[*].* ? (@.type() == "string")') as said
    ) as once
    where search_word.word = once.word
    and not exists (select from history.search_entry where words @@ quote_literal(once.word)::tsquery)
    """,
    "alter table search_word enable trigger user",
    "alter table search_entry enable trigger user",
)
"""What made contacts be found, in the past too."""
COMMENTS: Final = {
    "withdrawn(text, text, text, text, text, bigint)": "Whether a version of a record after a revision has withheld "
    "the same person, number or address, or the function without them.",
    "published(text, text, text, text, text, date)": "Whether a contact of a record may still be told.",
    "past.published(text, text, text, text, text, date)": "Whether one may still be told that was known in the past.",
    "published(text, bigint, jsonb)": "A record as a revision stored it, without what may be told no more.",
}


def upgrade() -> None:
    """Replace what withholds, and forget by which words contacts were found."""
    op.execute("drop function if exists published(jsonb)")
    for statement in (WITHDRAWN, NOW, THEN, LOGGED, SAID.format(unsaid=",".join(UNSAID)), *FORGOTTEN):
        op.execute(statement)
    for function, comment in COMMENTS.items():
        op.execute(f"comment on function {function} is $${comment}$$")
