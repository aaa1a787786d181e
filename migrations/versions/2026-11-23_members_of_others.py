"""An organisation is made of others."""

from app.rest.past import rule

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse an organisation among its own members."""
    rule(
        "organisation_member",
        "ck_organisation_member_another",
        "check (organisation_id <> record_id)",
        "An organisation is no member of itself.",
    )
