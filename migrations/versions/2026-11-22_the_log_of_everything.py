"""The log of everything: revisions, changes, and a history that no table escapes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DANISH_ORDER = """
create function danish_order(name text) returns text language sql immutable strict parallel safe
return translate(
    replace(lower(name collate pg_c_utf8), 'aa', 'å'),
    'æäøöåáàâãéèêëíìîïóòôõúùûüýÿñçð',
    '{{||}aaaaeeeeiiiioooouuuyyyncd'
)
"""

RECORD = """
create function history.record() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    rev bigint := nullif(current_setting('broen.revision', true), '')::bigint;
begin
    if rev is null then
        raise exception 'A write to % outside a revision', tg_table_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if tg_op in ('UPDATE', 'DELETE') then
        execute format('delete from history.%I h using gone where h.id = gone.id and h.recorded_from = $1',
            tg_table_name) using rev;
        execute format('update history.%I h set recorded_to = $1 from gone
            where h.id = gone.id and h.recorded_to is null', tg_table_name) using rev;
    end if;
    if tg_op in ('INSERT', 'UPDATE') then
        execute format('insert into history.%1$I (%2$s, recorded_from) select %2$s, $1 from came',
            tg_table_name, tg_argv[0]) using rev;
    end if;
    return null;
end $$
"""

REFUSE = """
create function history.refuse() returns trigger language plpgsql as $$
begin
    raise exception '% is only ever added to; % is refused', tg_table_name, tg_op
        using errcode = 'insufficient_privilege';
end $$
"""

TRACK = """
create function track(tracked regclass) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name text := (select relname from pg_class where oid = tracked);
    twin regclass;
    own record;
    columns text := (
        select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
        where attrelid = tracked and attnum > 0 and not attisdropped
    );
begin
    execute format('drop view if exists past.%I', name);
    execute format('create table if not exists history.%I (recorded_from bigint not null, recorded_to bigint)', name);
    twin := format('history.%I', name)::regclass;

    -- Every column that the table has, of the same type. What stood before the column keeps the default that the
    -- table's own rows got; a column that the table has lost stays, with what it held.
    for own in
        select a.attname, t.attname is null as missing,
            format_type(a.atttypid, a.atttypmod) as type,
            case when a.attcollation > 100 then ' collate ' || a.attcollation::regcollation else '' end as collation,
            (t.atttypid, t.atttypmod) is distinct from (a.atttypid, a.atttypmod) as other,
            case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as fill
        from pg_attribute a
        left join pg_attribute t on t.attrelid = twin and t.attname = a.attname and not t.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = tracked and a.attnum > 0 and not a.attisdropped order by a.attnum
    loop
        if own.missing then
            execute format('alter table %s add column %I %s', twin, own.attname, own.type || own.collation)
                || coalesce(' default ' || own.fill, '');
            execute format('alter table %s alter column %I drop default', twin, own.attname);
        elsif own.other then
            execute format('alter table %1$s alter column %2$I type %3$s using %2$I::%4$s',
                twin, own.attname, own.type || own.collation, own.type);
        end if;
    end loop;

    -- The table's own indexes, none of them unique, and one that finds the version of a row.
    execute format('create unique index if not exists %I on %s (id, recorded_from)', name || '_version', twin);
    for own in
        select c.relname,
            regexp_replace(pg_get_indexdef(indexrelid), '^CREATE (UNIQUE )?INDEX \\S+ ON \\S+', '') as rest
        from pg_index join pg_class c on c.oid = indexrelid where indrelid = tracked
    loop
        execute format('create index if not exists %I on %s %s', own.relname, twin, own.rest);
    end loop;

    execute format('create or replace trigger record_insert after insert on %s referencing new table as came
        for each statement execute function history.record(%L)', tracked, columns);
    execute format('create or replace trigger record_update after update on %s referencing old table as gone
        new table as came for each statement execute function history.record(%L)', tracked, columns);
    execute format('create or replace trigger record_delete after delete on %s referencing old table as gone
        for each statement execute function history.record(%L)', tracked, columns);
    execute format('create or replace trigger refuse_truncate before truncate on %s
        execute function history.refuse()', tracked);

    execute format('create view past.%I as select %s from %s
        where recorded_from <= current_setting(''broen.known_at'')::bigint
        and (recorded_to is null or recorded_to > current_setting(''broen.known_at'')::bigint)', name, columns, twin);
end $$
"""

APPEND_ONLY = """
create trigger refuse_change before update or delete or truncate on {table}
for each statement execute function history.refuse()
"""

COMMENTS = {
    "danish_order(text)": "A text to sort by byte for byte: …z, æ (ä), ø (ö), å (aa); other accents are folded.",
    "history.record()": "Keeps every version of every row in the table's twin, stamped with its revision.",
    "history.refuse()": "Refuses to change what is only ever added to.",
    "track(regclass)": "Gives a table its twin, its past view and its triggers, or brings them up to date.",
}


def upgrade() -> None:
    """Create the log, and the functions that keep it."""
    op.execute("create extension if not exists btree_gist")  # temporal keys
    op.execute("create extension if not exists pg_trgm")  # near ids
    op.execute("create schema history")
    op.execute("create schema past")
    for function in (DANISH_ORDER, RECORD, REFUSE, TRACK):
        op.execute(function)
    for function, comment in COMMENTS.items():
        op.execute(f"comment on function {function} is $${comment}$$")
        if function != "danish_order(text)":  # they act as their owner: nobody else may hang them on a table of his own
            op.execute(f"revoke execute on function {function} from public")
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["revision"], ["revision.id"], name="fk_change_revision"),
        sa.PrimaryKeyConstraint("seq", name="pk_change"),
    )
    op.create_index("ix_change_revision", "change", ["revision"])
    op.create_index("ix_change_resource_id_version", "change", ["resource", "id", "version"], unique=True)
    for table in ("revision", "change"):
        op.execute(APPEND_ONLY.format(table=table))
