"""Ids that are made from names, for records whose creator chooses none."""

import re
import secrets
import unicodedata
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, Text, bindparam, case, cast, exists, func, select

from app.rest.changes import ChangeRow
from app.rest.kind import Kind
from app.rest.reading import Statement
from app.rest.revision import Revision
from app.rest.schema import TAKEN, RecordData

LETTERS: Final = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "ß": "ss", "ð": "d", "þ": "th", "ł": "l", "đ": "d"}
)
LONGEST: Final = 80
"""How long an id that is made becomes; what would be longer ends with a whole word."""
MOST_ALIKE: Final = 100
"""Up to how many of the same name are numbered; then chance tells them apart."""


def slug(text: str) -> str:
    """A text as an id: lower-case letters a-z and digits, with hyphens between words; empty when it has none."""
    spelt = unicodedata.normalize("NFC", text).lower().translate(LETTERS)
    folded = unicodedata.normalize("NFKD", spelt)
    words = "-".join(re.findall(r"[a-z0-9]+", "".join(c for c in folded if not unicodedata.combining(c))))
    return words if len(words) <= LONGEST else words[: LONGEST + 1].rpartition("-")[0] or words[:LONGEST]


async def free_id(revision: Revision, kind: Kind[Any, Any], data: RecordData[Any]) -> str:
    """An id made from a record's title or name that no record of its kind has or had."""
    name = next((str(value) for field in ("title", "name") if (value := getattr(data, field, None))), "")
    wanted = slug(name) or kind.table.name.replace("_", "-")
    row = await revision.row(_free(), {"resource": kind.name, "wanted": wanted})
    return row["id"] if row else f"{wanted}-{secrets.token_hex(4)}"


@lru_cache(maxsize=1)
def _free() -> Statement:
    """The wanted id, or the first with a number behind it, that is no path of the list, nor known to the change log."""
    number = func.generate_series(1, cast(MOST_ALIKE, Integer)).column_valued("number")
    wanted = bindparam("wanted", type_=Text())
    id = cast(case((number == 1, wanted), else_=wanted + "-" + cast(number, Text)), Text)
    taken = exists().where(ChangeRow.resource == bindparam("resource", type_=Text()), ChangeRow.id == id)
    return Statement(select(id.label("id")).where(~taken, *(id != name for name in TAKEN)).order_by(number).limit(1))
