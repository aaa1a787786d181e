"""Search over everything: an entry for every record, kept by the change log, and the words that entries have.

Words are folded: lower case, without accents, å as aa, æ and ä as ae, ø and ö as oe, so that either spelling finds the
other. Folding takes one letter at a time: what is a part of a word is a part of it when folded.
"""

from typing import Final

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNSAID: Final = (
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
"""The keys of a stored record that hold no words to search: ids of others, addresses, what comes from a fixed list."""

FOLD: Final = r"""
create function search_fold(said text) returns text language sql immutable strict parallel safe
return trim(regexp_replace(
    regexp_replace(
        normalize(
            replace(replace(replace(translate(
                lower(normalize(said, nfc) collate pg_c_utf8), 'äö', 'æø'), 'å', 'aa'), 'æ', 'ae'), 'ø', 'oe'),
            nfd),
        U&'[\0300-\036f]+', '', 'g'),
    '[^[:alnum:]]+', ' ', 'g'))
"""

# The Danish stemmer takes »sundhed« for »sund« and »ledelse« for »led«: -hed and -els are kept from it.
STEM: Final = """
create function search_stem(word text) returns text language sql immutable strict parallel safe
return replace(replace(replace(replace(replace((
    ts_lexize('pg_catalog.danish_stem', replace(replace(replace(replace(replace(
        word, 'hed', 'hez'), 'els', 'elz'), 'aa', 'å'), 'ae', 'æ'), 'oe', 'ø'))
)[1], 'hez', 'hed'), 'elz', 'els'), 'å', 'aa'), 'æ', 'ae'), 'ø', 'oe')
"""

FORMS: Final = """
create function search_forms(words text[]) returns text[] language sql immutable strict parallel safe
begin atomic
    select coalesce(array_agg(case n when 3 then '=' || stem else '-' || substr(stem, n) end), '{}')
    from (
        select stem, generate_series(3, greatest(3, length(stem) - 3)) as n
        from (select search_stem(word) as stem from unnest(words) as word where word !~ '[0-9]' offset 0) as stemmed
        where stem is not null
    ) as cut;
end
"""

WORDS: Final = """
create function search_words(title text, record_id text, said text) returns tsvector
language plpgsql immutable parallel safe as $$
declare
    name constant tsvector := to_tsvector('pg_catalog.simple', coalesce(public.search_fold(title), ''));
    rest constant tsvector := to_tsvector('pg_catalog.simple', coalesce(public.search_fold(left(said, 100000)), ''));
    forms constant text[] := public.search_forms(tsvector_to_array(name)) || ('#' || record_id);
begin
    return setweight(name, 'A')
        || (select string_agg(quote_literal(form) || ':' || 1 || 'A', ' ') from unnest(forms) as form)::tsvector
        || setweight(rest, 'B') || array_to_tsvector(public.search_forms(tsvector_to_array(rest)));
end $$
"""

SAID: Final = f"""
create function search_said(value jsonb) returns text language sql immutable strict parallel safe
begin atomic
    select string_agg(said #>> '{{}}', e'\\n')
    from jsonb_path_query(
            value - '{{title,name,partners,sources}}'::text[],
            'strict $.** ? (@.type() == "object").keyvalue()') as pair,
        jsonb_path_query(pair -> 'value', 'lax $[*] ? (@.type() == "string")') as said
    where pair ->> 'key' <> all ('{{{",".join(UNSAID)}}}') and said #>> '{{}}' !~ '^\\d{{4}}-\\d\\d-\\d\\d$';
end
"""

TABLES: Final = (
    """
    create table search_entry (
        id text constraint pk_search_entry primary key,
        resource text not null,
        record_id text not null,
        title text,
        text text,
        period daterange,
        folded text collate "C" generated always as (left(search_fold(title), 200)) stored,
        title_words tsvector not null generated always as (search_words(title, record_id, null)) stored,
        words tsvector not null generated always as (search_words(title, record_id, text)) stored
    )
    """,
    "create index ix_search_entry_resource_folded on search_entry (resource, folded)",
    "create index ix_search_entry_title_words_words on search_entry using gin (title_words, words)",
    'create table search_word (word text collate "C" constraint pk_search_word primary key)',
    "create index ix_search_word_word on search_word using gin (word gin_trgm_ops)",
)

ENTRY: Final = """
    came.resource || '/' || came.id as id, came.resource, came.id as record_id,
    coalesce(came.value ->> 'title', came.value ->> 'name') as title,
    public.search_said(came.value) as text,
    case jsonb_typeof(came.value -> 'period') when 'object' then
        daterange((came.value #>> '{period,start}')::date, (came.value #>> '{period,end}')::date) end as period
"""

KEEP: Final = f"""
create function search_keep() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    with came as (select distinct on (resource, id) * from came order by resource, id, seq desc),
    gone as (
        delete from public.search_entry using came
        where search_entry.id = came.resource || '/' || came.id and came.op = 'delete'
    ),
    kept as (
        insert into public.search_entry (id, resource, record_id, title, text, period)
        select {ENTRY} from came where came.op <> 'delete'
        on conflict (id) do update set title = excluded.title, text = excluded.text, period = excluded.period
        where (search_entry.title, search_entry.text, search_entry.period)
            is distinct from (excluded.title, excluded.text, excluded.period)
        returning words
    )
    insert into public.search_word
    select distinct word from kept, unnest(tsvector_to_array(words)) as word
    where word !~ '^[#=-]|[0-9]' and not exists (select from public.search_word as known where known.word = word.word);
    return null;
end $$
"""

WAYS: Final = """
create function search_ways(
    term text, quoted boolean, begun boolean, alike boolean, out exact tsquery, out near tsquery, out wide tsquery
) language plpgsql stable strict parallel safe as $$
declare
    said constant text := search_fold(term);
    phrase constant tsquery := phraseto_tsquery('pg_catalog.simple', said);
    stem constant text := search_stem(said);
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
    if one_word and stem is not null then
        near := near || quote_literal('=' || stem)::tsquery;
    end if;
    wide := near;
    if one_word and length(said) > 3 then
        wide := wide || format('%1$s:* | ''-%1$s'':* | ''-%2$s''', said, coalesce(stem, said))::tsquery;
        if alike and not exists (select from search_word where word = said) then
            wide := wide || coalesce((
                select string_agg(word || onward, '|') from (
                    select word from search_word where word % said or begun and said <% word
                    order by case when begun then word_similarity(said, word) else similarity(said, word) end desc, word
                    limit 5
                ) as found
            ), '')::tsquery;
        end if;
    end if;
end $$
"""

QUERY: Final = """
create function search_query(
    asked text, typing boolean, alike boolean,
    out exact tsquery, out near tsquery, out wide tsquery, out without tsquery
) language plpgsql stable strict parallel safe as $$
declare
    way record;
begin
    for way in
        with term as (
            select m[1] = '-' as unwanted, m[2] is not null as quoted, coalesce(m[2], m[3]) as said,
                typing and n = max(n) over () as begun
            from regexp_matches(asked, '(-?)(?:"([^"]*)"|([^[:space:]"]+))', 'g') with ordinality as found (m, n)
        )
        select term.unwanted, ways.* from term, search_ways(said, quoted, begun, alike) as ways
        where ways.wide is not null
    loop
        if way.unwanted then
            without := coalesce(without && !!way.wide, !!way.wide);
        else
            exact := coalesce(exact && way.exact, way.exact);
            near := coalesce(near && way.near, way.near);
            wide := coalesce(wide && way.wide, way.wide);
        end if;
    end loop;
end $$
"""

FOUND: Final = """
create function search_found(asked text, typing boolean, resources text[], most integer)
returns table (id text, rank numeric, wide tsquery) language plpgsql stable
set synchronize_seqscans = off set max_parallel_workers_per_gather = 0  -- the same entries each time
as $$
declare
    query record;
    alike boolean;
    tried tsquery;
    whole constant text := left(search_fold(asked), 200);
    begins constant text := format(
        case when typing then '(folded >= %1$L and folded < %2$L)' else '(folded = %1$L)' end,
        whole, whole || chr(1114111));
    place constant text := case when typing then 'title_words' else 'words' end;
    bound constant integer := case when typing then 15 * most else most end;
    but text;
begin
    foreach alike in array '{false,true}'::boolean[] loop
        query := search_query(asked, typing, alike);
        exit when query.wide is not distinct from tried;
        tried := query.wide;
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
                 and resource = any (%7$L) and %2$s is not true and title_words @@ %4$L %10$s limit %11$s)
                union all
                (select * from search_entry where not %6$L
                 and resource = any (%7$L) and %2$s is not true and words @@ %4$L and not title_words @@ %4$L %10$s
                 limit %11$s)
                union all
                (select * from search_entry where (select more from wanting) and %4$L <> %5$L
                 and resource = any (%7$L) and %2$s is not true and %9$I @@ %5$L and not %9$I @@ %4$L %10$s limit %11$s)
                limit %11$s
            ) as entry
        $found$, whole, begins, query.exact, query.near, query.wide, typing, resources, most,
            place, but, bound);
        exit when found;
    end loop;
end $$
"""

LISTED: Final = """
create function search_listed(asked text, listed text, most integer)
returns table (record_id text, wide tsquery) language plpgsql stable as $$
declare
    query record;
    alike boolean;
    tried tsquery;
begin
    foreach alike in array '{false,true}'::boolean[] loop
        query := search_query(asked, false, alike);
        exit when query.wide is not distinct from tried;
        tried := query.wide;
        return query execute format(
            'select record_id, %1$L::tsquery from search_entry where resource = %2$L and words @@ %1$L limit %3$s',
            coalesce(query.wide && query.without, query.wide), listed, most);
        exit when found;
    end loop;
end $$
"""

MARKED: Final = """
create function search_marked(said text, asked tsquery, options text) returns text
language plpgsql stable strict parallel safe as $$
declare
    html constant text := replace(replace(replace(replace(replace(
        said, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
    wanted constant tsquery := regexp_replace(querytree(asked), '&|<->', '|', 'g');
    near constant text := (
        select string_agg(m[1], '|') from regexp_matches(querytree(asked), '''[#=-]?([^'']+)''', 'g') as m
    );
    words constant text[] := array(
        select lexeme from unnest(to_tsvector('pg_catalog.simple', html)) where lexeme !~ '[^[:alnum:]]'
    );
    hits constant text := (
        select string_agg(quote_literal(word), '|')
        from unnest(words, string_to_array(search_fold(array_to_string(words, ' ')), ' ')) as one (word, folded)
        where folded ~ near and array_to_tsvector(search_forms(array[folded]) || folded) @@ wanted
    );
begin
    return ts_headline(
        'pg_catalog.simple', html, coalesce(hits, '')::tsquery, 'StartSel=<mark>, StopSel=</mark>, ' || options);
end $$
"""

VERSIONS: Final = """(
    select *, lead(revision) over (partition by resource, id order by revision) as until
    from (select distinct on (resource, id, revision) * from change order by resource, id, revision, seq desc) as last
) as came where op <> 'delete'"""

FILL: Final = (
    f"""
    insert into search_entry (id, resource, record_id, title, text, period)
    select {ENTRY} from {VERSIONS} and until is null
    """,
    "select track('search_entry')",
    f"""
    insert into history.search_entry
        (id, resource, record_id, title, text, period, recorded_from, recorded_to, folded, title_words, words)
    select entry.*, left(search_fold(title), 200),
        search_words(title, record_id, null), search_words(title, record_id, text)
    from (select {ENTRY}, revision, until from {VERSIONS}) as entry
    """,
    """
    insert into search_word
    select word from ts_stat('select words from history.search_entry') where word !~ '^[#=-]|[0-9]'
    """,
)

TRIGGERS: Final = (
    """
    create trigger search_keep after insert on change referencing new table as came
    for each statement execute function search_keep()
    """,
    """
    create trigger refuse_change before update or delete or truncate on search_word
    for each statement execute function history.refuse()
    """,
)

COMMENTS: Final = {
    "search_fold(text)": "A text's words in the letters that are compared: lower case, å as aa, ä as ae, é as e.",
    "search_stem(text)": "The Danish stem of a folded word; null for a stop word.",
    "search_forms(text[])": "What else folded words are found by: =each stem, and -each part that a stem ends with.",
    "search_words(text, text, text)": "What an entry is found by: A its title and its id, B what else it says.",
    "search_said(jsonb)": "What a stored record says in words beside its title: a line for each text, name and code.",
    "search_keep()": "Keeps the entries of records that change, and the words that entries have or had.",
    "search_ways(text, boolean, boolean, boolean)": "A term as queries: as it stands, by its stem, in any way.",
    "search_query(text, boolean, boolean)": "What is asked as queries, the strictest first; null when it has no words.",
    "search_found(text, boolean, text[], integer)": "Entries that are found, the better ones sooner, with their ranks.",
    "search_listed(text, text, integer)": "Records of a resource that are found, each with the query that finds it.",
    "search_marked(text, tsquery, text)": "A text as HTML, with <mark> around the words that were asked for.",
}


def upgrade() -> None:
    """Create and fill the tables."""
    functions = (FOLD, STEM, FORMS, WORDS, SAID, WAYS, QUERY, FOUND, LISTED, MARKED, KEEP)
    for statement in (*functions[:5], *TABLES, *functions[5:], *FILL, *TRIGGERS):
        op.execute(statement)
    for function, comment in COMMENTS.items():
        op.execute(f"comment on function {function} is $${comment}$$")
    op.execute("revoke execute on function search_keep() from public")  # it acts as its owner
