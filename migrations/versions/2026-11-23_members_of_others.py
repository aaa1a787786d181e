"""An organisation is made of others; what was written before stays as it is."""

from app.rest.past import rule

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse an organisation among its own members, from now on."""
    rule(
        "organisation_member",
        "ck_organisation_member_another",
        "check (organisation_id <> record_id) not valid",
        "An organisation is no member of itself.",
    )
