"""Who calls, and what they may write. Reading is open; writing needs a bearer token."""

from app.auth.caller import Caller, Role
from app.auth.gate import Gate, Known, MaybeSignedIn, SignedIn

__all__ = ["Caller", "Gate", "Known", "MaybeSignedIn", "Role", "SignedIn"]
