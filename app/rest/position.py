"""Positions in the change log: which change somebody has seen last, and a proof that it is the one in this log.

A position is the number of a change and the instant of its revision, in microseconds. No two revisions have the same
instant, not even when the register was restored to an earlier state and others wrote on: whoever has seen what is lost
has a position that this log does not hold. Whoever has not seen it goes on as if nothing had happened.
"""

import re
from typing import Annotated, Final, NamedTuple, Self

from pydantic import AfterValidator, Field, StringConstraints

from app.rest.rules import wrong

TOKEN: Final = re.compile(r"0|([1-9][0-9]{0,17})-([0-9a-f]{1,15})")
LATEST: Final = "latest"


def _position(text: str) -> str:
    if text != LATEST and not TOKEN.fullmatch(text):
        raise wrong("Input should be `next` or `position` of an answer, as it stands there; 0 or latest")
    return text


PositionText = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(_position),
    Field(json_schema_extra={"pattern": f"^({LATEST}|{TOKEN.pattern})$"}),
]
"""A position as clients see it: opaque to them, but for the beginning and the end of the log."""


class Position(NamedTuple):
    """A place in the change log: after the change of this number."""

    seq: int
    proof: int
    """The microseconds of the instant of its revision, since 1970; 0 at the beginning of the log."""

    def __str__(self) -> str:
        """The position as clients see it."""
        return f"{self.seq}-{self.proof:x}" if self.seq else "0"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position that a text stands for; None for the end of the log, wherever that is."""
        if text == LATEST:
            return None
        seq, _, proof = text.partition("-")
        return cls(int(seq), int(proof or "0", 16))


def proof_of(revision: str) -> str:
    """The SQL of a position's proof, over the name of a row of `revision`."""
    return f"(extract(epoch from {revision}.at) * 1000000)::bigint"


def position_of(change: str, revision: str) -> str:
    """The SQL of a change's position, over the names of a row of `change` and of its row of `revision`."""
    return f"{change}.seq || '-' || to_hex({proof_of(revision)})"
