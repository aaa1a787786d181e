"""An entry is found by its words alone; by which forms and parts a word is found is kept once, with the word.

Entries were found by the stems and parts of each of their words too, three times as many as there are words. Now the
words that have what is asked for as a stem or a part are looked up among all words, and entries by these. Words with
digits are among them from now on, which the function that keeps entries knows from the next migration on.
"""

from typing import Final

from alembic import op

from app.rest.past import track

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WORDS: Final = """
create or replace function search_words(title text, record_id text, said text) returns tsvector
language plpgsql immutable parallel safe as $$
begin
    return setweight(to_tsvector('pg_catalog.simple', coalesce(public.search_fold(title), '')), 'A')
        || ('''#' || record_id || ''':' || '1A')::tsvector
        || setweight(to_tsvector('pg_catalog.simple', coalesce(public.search_fold(left(said, 100000)), '')), 'B');
end $$
"""

TABLES: Final = (
    "drop view past.search_entry",
    *(
        f"""
        alter table {table}
        alter column title_words {made} (search_words(title, record_id, null::text)),
        alter column words {made} (search_words(title, record_id, text))"""
        for table, made in (("search_entry", "set expression as"), ("history.search_entry", "type tsvector using"))
    ),
    'alter table search_word add column stem text collate "C" generated always as (search_stem(word)) stored',
    "create index ix_search_word_stem on search_word (stem)",
    """
    insert into search_word (word, since)
    select word, min(recorded_from)
    from history.search_entry, unnest(tsvector_to_array(words)) as word
    where word collate "C" >= 'a' and word not in (select word from search_word)
    group by word""",
    """
    create or replace view past.search_word as
    select * from search_word where since <= current_setting('broen.known_at')::bigint""",
)

# Widely, a word finds what begins with it, what has it after a part of three letters or more, and what ends with its
# stem after such a part; where a thousand words do, it is none that others are made of, but a beginning.
WAYS: Final = """
create or replace function search_ways(
    term text, quoted boolean, begun boolean, alike boolean, out exact tsquery, out near tsquery, out wide tsquery
) language plpgsql stable strict parallel safe as $$
declare
    said constant text := search_fold(term);
    phrase constant tsquery := phraseto_tsquery('pg_catalog.simple', said);
    root constant text := search_stem(said);
    part constant text := coalesce(root, said);
    one_word constant boolean := not quoted and said !~ '[ 0-9]';
    onward constant text := case when begun then ':*' else '' end;
begin
    if numnode(phrase) = 0 or not begun and not exists (
        select from string_to_table(said, ' ') as word where search_stem(word) is not null
    ) then
        return;
    end if;
    exact := phrase::text || onward;
    if not quoted and term ~* '^[a-z0-9]+(-[a-z0-9]+)*$' then
        exact := exact || (quote_literal('#' || lower(term)) || onward)::tsquery;
    end if;
    near := exact;
    if one_word then
        near := near || coalesce(
            (select string_agg(quote_literal(word), '|') from search_word where stem = root), '')::tsquery;
    end if;
    wide := near;
    if one_word and length(said) > 3 then
        wide := wide || coalesce((
            select case when count(*) > 1000 then said || ':*' else string_agg(quote_literal(word), '|') end
            from (
                select word from search_word
                where word like said || '%' or word like '%' || part || '%'
                    and (stem like '___%' || said || '%' or stem like '___%' || part and length(part) > 3)
                limit 1001
            ) as found
        ), '')::tsquery;
        if alike and not exists (select from search_word where word = said) then
            wide := wide || coalesce((
                select string_agg(quote_literal(word) || onward, '|') from (
                    select word from search_word
                    where (word % said or begun and said <% word) and word !~ '[0-9]'
                    order by case when begun then word_similarity(said, word) else similarity(said, word) end desc, word
                    limit 5
                ) as found
            ), '')::tsquery;
        end if;
    end if;
end $$
"""

MARKED: Final = """
create or replace function search_marked(said text, asked tsquery, options text) returns text
language plpgsql stable strict parallel safe as $$
declare
    html constant text := replace(replace(replace(replace(replace(
        said, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
    wanted constant tsquery := regexp_replace(querytree(asked), '&|<->', '|', 'g');
    words constant text[] := array(
        select lexeme from unnest(to_tsvector('pg_catalog.simple', html)) where lexeme !~ '[^[:alnum:]]'
    );
    hits constant text := (
        select string_agg(quote_literal(word), '|')
        from unnest(words, string_to_array(search_fold(array_to_string(words, ' ')), ' ')) as one (word, folded)
        where to_tsvector('pg_catalog.simple', folded) @@ wanted
    );
begin
    return ts_headline(
        'pg_catalog.simple', html, coalesce(hits, '')::tsquery, 'StartSel=<mark>, StopSel=</mark>, ' || options);
end $$
"""

# So many words may be looked for that they are told once, and not with each record; and so many that the planner
# would rather read everything.
LISTED: Final = """
create function search_listed(asked text, listed text, most integer)
returns table (record_ids text[], wide tsquery) language plpgsql stable set enable_seqscan = off as $$
declare
    query record;
    alike boolean;
    tried tsquery;
begin
    foreach alike in array '{false,true}'::boolean[] loop
        query := search_query(asked, false, alike);
        exit when query.wide is not distinct from tried;
        tried := query.wide;
        return query execute format($listed$
            select array_agg(record_id), %1$L::tsquery
            from (select record_id from search_entry where resource = %2$L and words @@ %1$L limit %3$s) as found
            having count(*) > 0
        $listed$, coalesce(query.wide && query.without, query.wide), listed, most);
        exit when found;
    end loop;
end $$
"""
COMMENTS: Final = {
    "search_words(text, text, text)": "What an entry is found by: A its title and its id, B what else it says.",
    "search_listed(text, text, integer)": "Records of a resource that are found, and the query that finds them.",
}


def upgrade() -> None:
    """Make the words of all entries anew, of the past too, and replace the functions that use them."""
    for statement in (WORDS, *TABLES):
        op.execute(statement)
    track("search_entry")
    op.execute("drop function search_listed(text, text, integer)")
    for function in (WAYS, MARKED, LISTED):
        op.execute(function)
    op.execute("drop function search_forms(text[])")
    for function, comment in COMMENTS.items():
        op.execute(f"comment on function {function} is $${comment}$$")
