"""In which format a list is answered: what `format` says, or else the header Accept."""

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypeAliasType

from app.errors import BadParameters, NotAcceptable, bad_parameter
from app.rest.export.columns import Column, wrong_names
from app.rest.schema import Absent, Schema

ACCEPT: Final[ContextVar[str]] = ContextVar("accept", default="*/*")
"""What the client of the request under way accepts: the header that a list chooses its format by."""


class Format(NamedTuple):
    """A format of an answer: what `format` calls it, which is also how its files end."""

    name: str
    media_type: str
    parameters: str = ""


JSON: Final = Format("json", "application/json")
NDJSON: Final = Format("ndjson", "application/x-ndjson")
CSV: Final = Format("csv", "text/csv", "; charset=utf-8; header=present")
XLSX: Final = Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
GEOJSON: Final = Format("geojson", "application/geo+json")
TABLES: Final = (JSON, NDJSON, CSV, XLSX)
"""The formats that every list has, the most usual first."""

MOST_RECORDS: Final = 1_048_575
"""How many rows a sheet of an XLSX has below the headings."""

FOR: Final = {
    "limit": (JSON,),
    "cursor": (JSON,),
    "count": (JSON,),
    "facet": (JSON,),
    "columns": (CSV, XLSX),
    "lang": (CSV, XLSX),
    "bom": (CSV,),
}
"""The parameters that not every format has a use for."""

VARY: Final = {"Vary": "Accept"}
"""What caches are told about the answers of a list."""

Language = TypeAliasType(
    "Language",
    Annotated[
        Literal["da", "en"],
        Field(
            description="""- `da`: Danish
- `en`: English"""
        ),
    ],
)
ColumnName = Annotated[str, Field(max_length=100)]


class FormatQuery(Schema):
    """In which format a list is wanted."""

    format: str | Absent = None
    """The format of the answer; without it, the header `Accept` says. `json` is a page; the others are the whole list
    as it is at one moment, in its order, and take no `limit`, `cursor`, `count` or `facet`."""
    columns: list[ColumnName] | Absent = None
    """Only these columns of a CSV or XLSX, in this order; repeat it for several. All when left out."""
    lang: Language | Absent = Field(None, examples=["da"])
    """The language of the headings of a CSV or XLSX; without it, the columns go by their names."""
    bom: bool = Field(default=False, examples=[True])
    """Whether a CSV begins with a byte-order mark, by which Excel knows that it is UTF-8."""

    @classmethod
    def wanting(cls) -> Mapping[str, Sequence[Format]]:
        """The parameters that not every format has a use for, each with the formats that have."""
        return FOR


def choose(query: FormatQuery, offered: Sequence[Format], columns: Sequence[Column]) -> Format:
    """The format to answer in; BadParameters or NotAcceptable when there is none, or not with all that is asked for."""
    named = (format for format in offered if format.name == query.format)
    format = next(named) if query.format else _accepted(ACCEPT.get(), offered)
    faults = [
        bad_parameter(name, f"This goes with format={' or '.join(f.name for f in fits)}; the answer is {format.name}")
        for name, fits in query.wanting().items()
        if name in query.model_fields_set and getattr(query, name) is not False and format not in fits
    ]
    faults += wrong_names(columns, query.columns or []) if format in FOR["columns"] else []
    if faults:
        raise BadParameters(faults=faults)
    return format


@lru_cache(maxsize=200)
def _accepted(accept: str, offered: Sequence[Format]) -> Format:
    best = max(offered, key=lambda format: _quality(accept, format.media_type))
    if not _quality(accept, best.media_type):
        there_are = ", ".join(format.media_type for format in offered)
        raise NotAcceptable(f"Nothing here is what Accept asks for; there are: {there_are}.", headers=VARY)
    return best


def _quality(accept: str, media_type: str) -> float:
    """How much a media type is wanted: what the most specific range that holds it says (RFC 9110, 12.5.1)."""
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    best = (-1, 0.0)
    for wish in accept.lower().split(","):
        name, *parameters = (part.strip() for part in wish.split(";"))
        if name in ranges:
            best = max(best, (ranges.index(name), _weight(parameters)))
    return best[1]


def _weight(parameters: Sequence[str]) -> float:
    """The weight of a range; one that is malformed wishes for nothing."""
    said = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    return float(said) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", said) else 0.0


def headers_of(format: Format, name: str, as_of: date) -> dict[str, str]:
    """The headers of a list that is given whole: what it is, what to call its file, the day that it is about."""
    return {
        "Content-Type": f"{format.media_type}{format.parameters}",
        "Content-Disposition": f'attachment; filename="broen-{name.replace("/", "-")}-{as_of}.{format.name}"',
        "Broen-As-Of": str(as_of),
        "Cache-Control": "public, no-cache",
        **VARY,
    }
