"""Who calls: a role, and for an editor the organisations whose records they keep."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.errors import Forbidden


class Role(StrEnum):
    """What a caller may do.

    - `editor`: writes the records of certain organisations
    - `steward`: writes all records
    - `admin`: writes all records, and keeps the register itself
    """

    EDITOR = "editor"
    STEWARD = "steward"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown who they are."""

    name: str
    """As it stands in the change log: readable, and never a secret."""
    role: Role
    """What they may do."""
    organisations: frozenset[str] = frozenset()
    """The organisations whose records an editor keeps, by id; none for a steward and an admin, who keep all."""
    expires_at: datetime | None = None
    """Until when this is so; None for as long as nobody revokes it."""

    def may_write(self, owner: str | None) -> bool:
        """Whether they may write a record of this owner, an organisation by id; None where a record has no owner."""
        return self.role is not Role.EDITOR or owner in self.organisations

    def check_may_write(self, owner: str | None) -> None:
        """Raise Forbidden, with what would do, unless they may write a record of this owner."""
        if not self.may_write(owner):
            whose = f"an editor for {owner}, a steward or an admin" if owner else "a steward or an admin"
            what = f"a record of {owner}" if owner else "a record without an owner"
            own = f"you are an editor for {', '.join(sorted(self.organisations)) or 'no organisation'}"
            raise Forbidden(f"To write {what}, be {whose}; {own}.")
