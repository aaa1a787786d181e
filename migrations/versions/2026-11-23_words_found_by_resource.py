"""The words of entries are found by resource, so that what is common among others costs a list nothing."""

from alembic import op

from app.rest.past import track

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the resource in front of the words, in the past too."""
    op.execute("create extension if not exists btree_gin")
    for schema in ("public", "history"):
        op.execute(f"drop index {schema}.ix_search_entry_title_words_words")
    op.execute("""
        create index ix_search_entry_resource_title_words_words
        on search_entry using gin (resource, title_words, words)""")
    track("search_entry")
