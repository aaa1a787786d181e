"""What is typed is looked for in codes, other names and texts as well, as whole words, when no title has it."""

from typing import Final

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FOUND: Final = """
create function search_found(asked text, typing boolean, resources text[], narrowed boolean, most integer)
returns table (id text, rank numeric, wide tsquery) language plpgsql stable
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
                when %6$L then 1.0 / (1 + length(folded))
                when title_words @@ %5$L then ts_rank(title_words, %5$L, 1)
                else ts_rank(words, %5$L, 1)
            end)::numeric / 9, 6), %5$L::tsquery
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
            place, but, bound, not typing or attempt = 'in their texts', among);
        exit when found;
    end loop;
end $$
"""


SAID: Final = (
    "Entries that are found, the better ones sooner, with their ranks; unless narrowed, the resources are all."
)


def upgrade() -> None:
    """Replace the function that finds entries: it makes one more attempt, and of all resources asks for none."""
    op.execute("drop function search_found(text, boolean, text[], integer)")
    op.execute(FOUND)
    op.execute(f"comment on function search_found(text, boolean, text[], boolean, integer) is $${SAID}$$")
