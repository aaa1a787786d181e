"""Whom to ask about an initiative, for as long as that may be told."""

from typing import Any, Final

from sqlalchemy import Boolean, ScalarSelect, case, func

from app.resources.initiatives.shapes import Contact
from app.resources.initiatives.tables import ContactRow, InitiativeRow
from app.rest.schema import Ref
from app.rest.view import many

PUBLISHED: Final = func.published(
    *(ContactRow.record_id, ContactRow.role, ContactRow.person, ContactRow.phone, ContactRow.email),
    ContactRow.publish_until,
    type_=Boolean,
)
"""Whatever day is asked about; of what was known in the past, what has been said since counts too."""
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
