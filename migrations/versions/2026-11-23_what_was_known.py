"""What was known: the log and the words that entries have are seen as of a revision too, and revisions by instant."""

from alembic import op

revision = "0014"
down_revision = "0013"
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
    insert into public.search_word (word, since)
    select distinct word, (select max(came.revision) from came)
    from (table added union all table changed) as kept, unnest(tsvector_to_array(words)) as word
    where word !~ '^[#=-]|[0-9]' and not exists (select from public.search_word as known where known.word = word.word);
    return null;
end $$
"""

SINCE = (
    "alter table search_word add column since bigint",
    "drop trigger refuse_change on search_word",
    """
    update search_word set since = first.revision
    from (
        select word, min(recorded_from) as revision
        from history.search_entry, unnest(tsvector_to_array(words)) as word group by word
    ) as first where first.word = search_word.word
    """,
    """
    update search_word set since = (select max(id) from revision) where since is null
    """,  # written and replaced in one revision, of which nobody can tell any more
    "alter table search_word alter column since set not null",
    """
    create trigger refuse_change before update or delete or truncate on search_word
    for each statement execute function history.refuse()
    """,
)

VIEWS = {"revision": "id", "change": "revision", "search_word": "since"}
"""What is only ever added to needs no twin: the column that tells since when a row is there."""


def upgrade() -> None:
    """Tell since when words are known, and show the past of what is only added to."""
    for statement in (*SINCE, KEEP):
        op.execute(statement)
    for table, since in VIEWS.items():
        op.execute(f"""
            create view past.{table} as select * from {table}
            where {since} <= current_setting('broen.known_at')::bigint""")
    op.execute("create unique index ix_revision_at on revision (at)")
