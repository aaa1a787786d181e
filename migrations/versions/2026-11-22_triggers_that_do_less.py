"""Triggers that do less: history looks first whether there is anything to keep; an entry's words are computed once."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RECORD = """
create or replace function history.record() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    rev bigint := nullif(current_setting('broen.revision', true), '')::bigint;
begin
    if rev is null then
        raise exception 'A write to % outside a revision', tg_table_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if tg_op = 'INSERT' then
        if not exists (select from came) then
            return null;
        end if;
    elsif not exists (select from gone) then
        return null;
    else
        execute format('delete from history.%I h using gone where h.id = gone.id and h.recorded_from = $1',
            tg_table_name) using rev;
        execute format('update history.%I h set recorded_to = $1 from gone
            where h.id = gone.id and h.recorded_to is null', tg_table_name) using rev;
    end if;
    if tg_op <> 'DELETE' then
        execute format('insert into history.%1$I (%2$s, recorded_from) select %2$s, $1 from came',
            tg_table_name, tg_argv[0]) using rev;
    end if;
    return null;
end $$
"""

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
        from came where op <> 'delete'
    ),
    gone as (
        delete from public.search_entry using came
        where search_entry.id = came.resource || '/' || came.id and came.op = 'delete'
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
    insert into public.search_word
    select distinct word from (table added union all table changed) as kept, unnest(tsvector_to_array(words)) as word
    where word !~ '^[#=-]|[0-9]' and not exists (select from public.search_word as known where known.word = word.word);
    return null;
end $$
"""


def upgrade() -> None:
    """Replace the functions; what they do stays the same."""
    for statement in (RECORD, KEEP):
        op.execute(statement)
