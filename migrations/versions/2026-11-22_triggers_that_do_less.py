"""A trigger that does less: history looks first whether there is anything to keep."""

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


def upgrade() -> None:
    """Replace the function; what it does stays the same."""
    op.execute(RECORD)
