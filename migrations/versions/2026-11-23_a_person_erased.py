"""A person erased: an entry that says so of a record that was deleted before is no entry to search for."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEEP = """
create or replace function search_keep() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    with came as (select distinct on (resource, id) * from came order by resource, id, seq desc),
    entry as materialized (
        select resource || '/' || id as id, resource, id as record_id,
            coalesce(value ->> 'title', value ->> 'name') as title,
            public.search_said(value) as text,
            case jsonb_typeof(value -> 'period') when 'object' then
                daterange((value #>> '{period,start}')::date, (value #>> '{period,end}')::date) end as period
        from came where value is not null
    ),
    gone as (
        delete from public.search_entry using came
        where search_entry.id = came.resource || '/' || came.id and came.value is null
    ),
    added as (
        insert into public.search_entry (id, resource, record_id, title, text, period)
        select * from entry
        where not exists (select from public.search_entry as known where known.id = entry.id)
        returning words
    ),
    changed as (
        update public.search_entry as known set title = entry.title, text = entry.text, period = entry.period
        from entry where known.id = entry.id
        and (known.title, known.text, known.period) is distinct from (entry.title, entry.text, entry.period)
        returning known.words
    )
    insert into public.search_word (word, since)
    select distinct word, (select max(came.revision) from came)
    from (table added union all table changed) as kept, unnest(tsvector_to_array(words)) as word
    where word !~ '^[#=-]|[0-9]' and not exists (select from public.search_word as known where known.word = word.word);
    return null;
end $$
"""


def upgrade() -> None:
    """Replace the function, and have it found quickly whether anything was erased."""
    op.execute(KEEP)
    op.execute("create index ix_change_erased on change (revision) where op = 'erase'")
