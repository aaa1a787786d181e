"""Whom to ask about an initiative, for as long as that may be told."""

from typing import Any, Final

from sqlalchemy import ScalarSelect, case, or_

from app.resources.initiatives.shapes import Contact
from app.resources.initiatives.tables import ContactRow, InitiativeRow
from app.rest.schema import Ref
from app.rest.view import TODAY, many

PUBLISHED: Final = or_(ContactRow.publish_until.is_(None), ContactRow.publish_until >= TODAY)
"""Whatever day is asked about, and whatever was known."""
CONTACTS: Final[ScalarSelect[Any]] = many(
    Contact[Ref],
    ContactRow,
    ContactRow.record_id == InitiativeRow.id,
    order=[ContactRow.position],
    person=case((PUBLISHED, ContactRow.person)),
    phone=case((PUBLISHED, ContactRow.phone)),
    email=case((PUBLISHED, ContactRow.email)),
)
"""The contacts; of those that are published no longer, the function alone, in their places."""
