"""Who calls, and what they may write. Reading is open; writing needs a bearer token."""

from app.auth.caller import Caller, Role
from app.auth.gate import Gate, MaybeSignedIn, SignedIn

__all__ = ["Caller", "Gate", "MaybeSignedIn", "Role", "SignedIn"]
