"""Agreements are found, and told apart, by their regions too: their titles are the same from region to region.

What is typed finds first what is spelt so, and what is found says whether it only resembles what was asked for.
"""

from typing import Final

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TITLE: Final = """
create function search_title(resource text, value jsonb) returns text language sql stable parallel safe
begin atomic
    select nullif(concat_ws(', ', coalesce(value ->> 'title', value ->> 'name'), (
        select name from region where resource = 'health-agreements' and region.id = value ->> 'region')), '');
end
"""

KEEP: Final = """
create or replace function search_keep() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    with told as (
        table came
        union all
        select change.* from came
        join public.change on change.resource = 'health-agreements' and change.value ->> 'region' = came.id
        join public.search_entry as known on known.id = 'health-agreements/' || change.id
        where came.resource = 'regions'  -- which may be called something else now
    ),
    last as (select distinct on (resource, id) * from told order by resource, id, seq desc),
    entry as materialized (
        select resource || '/' || id as id, resource, id as record_id,
            public.search_title(resource, value) as title,
            public.search_said(value) as text,
            case jsonb_typeof(value -> 'period') when 'object' then
                daterange((value #>> '{period,start}')::date, (value #>> '{period,end}')::date) end as period
        from last where value is not null
    ),
    gone as (
        delete from public.search_entry using last
        where search_entry.id = last.resource || '/' || last.id and last.value is null
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
    ),
    said as (
        select distinct word collate "C" as word
        from (table added union all table changed) as kept, unnest(tsvector_to_array(words)) as word
        where word collate "C" >= 'a'  -- what begins with a digit, or is an id, is found as it stands
    )
    insert into public.search_word (word, since)
    select word, (select max(came.revision) from came) from said
    where not exists (select from public.search_word as known where known.word = said.word);
    return null;
end $$
"""

FOUND: Final = """
create function search_found(asked text, typing boolean, resources text[], narrowed boolean, most integer)
returns table (id text, rank numeric, wide tsquery, alike boolean) language plpgsql stable
set synchronize_seqscans = off set max_parallel_workers_per_gather = 0  -- the same entries each time
as $$
declare
    query record;
    attempt text;
    tried tsquery;
    whole constant text := left(search_fold(asked), 200);
    begins constant text := format(
        case when typing then '(folded >= %1$L and folded < %2$L)' else '(folded = %1$L)' end,
        whole, whole || chr(1114111));
    place constant text := case when typing then 'title_words' else 'words' end;
    among constant text := case when narrowed then format('resource = any (%L)', resources) else 'true' end;
    bound constant integer := case when typing then 15 * most else most end;
    but text;
begin
    foreach attempt in array '{as it stands,in their texts,alike}'::text[] loop
        continue when attempt = 'in their texts' and not typing;  -- they have been looked through already
        query := search_query(asked, typing and attempt <> 'in their texts', attempt = 'alike');
        exit when query.wide is null or attempt = 'alike' and query.wide = tried;
        tried := coalesce(tried, query.wide);
        but := case when query.without is null then '' else format('and words @@ %L', query.without) end;
        return query execute format($found$
            with begun as materialized (
                select entry.* from unnest(%7$L::text[]) as one, lateral (
                    select * from search_entry where resource = one and %2$s and words @@ %5$L %10$s
                    order by folded limit 50
                ) as entry
            ),
            wanting as (select not %6$L or (select count(*) < %8$s from begun) as more)
            select id, round((case
                when folded = %1$L then 8
                when %2$s then 7
                when title_words @@ %3$L then 6
                when title_words @@ %4$L then 5
                when title_words @@ %5$L then 4
                when words @@ %3$L then 3
                when words @@ %4$L then 2
                else 1
            end + case
                when %6$L then (1.0 / (1 + length(coalesce(folded, record_id)))
                    + (position(lower(%14$L collate pg_c_utf8) in lower(title collate pg_c_utf8)) > 0)::integer) / 2
                when title_words @@ %5$L then ts_rank(title_words, %5$L, 1)
                else ts_rank(words, %5$L, 1)
            end)::numeric / 9, 6), %5$L::tsquery, %15$L::boolean
            from (
                (table begun)
                union all
                (select * from search_entry where (select more from wanting)
                 and %13$s and %2$s is not true and title_words @@ %4$L %10$s limit %11$s)
                union all
                (select * from search_entry where %12$L
                 and %13$s and %2$s is not true and words @@ %4$L and not title_words @@ %4$L %10$s
                 limit %11$s)
                union all
                (select * from search_entry where (select more from wanting) and %4$L <> %5$L
                 and %13$s and %2$s is not true and %9$I @@ %5$L and not %9$I @@ %4$L %10$s limit %11$s)
                limit %11$s
            ) as entry
        $found$, whole, begins, query.exact, query.near, query.wide, typing, resources, most,
            place, but, bound, not typing or attempt = 'in their texts', among, asked, attempt = 'alike');
        exit when found;
    end loop;
end $$
"""

AGREEMENTS: Final = (
    "alter table search_entry disable trigger user",
    """
    update history.search_entry as entry
    set title = said.title, folded = left(search_fold(said.title), 200),
        title_words = search_words(said.title, entry.record_id, null),
        words = search_words(said.title, entry.record_id, entry.text)
    from (
        select distinct on (id, revision) id, revision, search_title(resource, value) as title from change
        where resource = 'health-agreements' order by id, revision, seq desc
    ) as said
    where entry.id = 'health-agreements/' || said.id and recorded_from = said.revision
    """,
    """
    update search_entry set title = was.title from history.search_entry as was
    where was.id = search_entry.id and was.recorded_to is null and was.title is distinct from search_entry.title
    """,
    "alter table search_entry enable trigger user",
)
COMMENTS: Final = {
    "search_title(text, jsonb)": "What a record is called where it is found; an agreement with its region.",
    "search_found(text, boolean, text[], boolean, integer)": "Entries that are found, the better ones sooner, with "
    "their ranks, and whether they say only what resembles the words; unless narrowed, the resources are all.",
}


def upgrade() -> None:
    """Call agreements so, in the past too, and replace the functions that keep and find entries."""
    op.execute("drop function search_found(text, boolean, text[], boolean, integer)")
    for statement in (TITLE, KEEP, FOUND, *AGREEMENTS):
        op.execute(statement)
    for function, comment in COMMENTS.items():
        op.execute(f"comment on function {function} is $${comment}$$")
