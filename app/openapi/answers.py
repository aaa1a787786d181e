"""What answers carry beside their bodies: headers, and problems; and which shapes none has."""

from typing import Any, Final

from app.rest.sent import MEDIA_TYPES

PROBLEMS: Final = {
    400: "A parameter is unknown, malformed, given twice, or names what nobody has.",
    401: "No token was sent, or one that does not count; `WWW-Authenticate` tells the two apart.",
    403: "The caller's role does not reach so far; the problem says which would do.",
    404: "Nothing ever had this id; ids that resemble it are named.",
    406: "The list has no format that `Accept` names; the problem says which it has.",
    410: "The record was deleted; its id is never given to anything else.",
    413: "The list is too long for an XLSX (1,048,575 records), or a text for its cell (32,767 characters).",
    429: "Too many writes, or tokens that do not count, in a minute; `Retry-After` says when to go on, in seconds.",
    500: "Something failed that should not have; the operator finds it by its request id.",
    503: "The database cannot answer now; `Retry-After` says when to try again, in seconds.",
}
HEADERS: Final = {
    "X-Request-ID": {"description": "The id of the request, to quote to the operator.", "schema": {"type": "string"}},
    "ETag": {
        "description": "Names these very bytes; send it in `If-None-Match` to get a 304 when nothing has changed.",
        "schema": {"type": "string"},
    },
    "Broen-As-Of": {
        "description": "The day for which dated values were chosen.",
        "schema": {"type": "string", "format": "date"},
    },
    "Link": {
        "description": 'The path of the next page, `rel="next"`, absent on the last; and `rel="cite-as"` (RFC 8574), '
        "the path of this very answer: pinned to its revision and its day, it answers the same bytes later.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "What to call the file, `broen-initiatives-2026-11-22.csv`; absent from a page of JSON.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "The path of the record.", "schema": {"type": "string"}},
    "Broen-Revision": {
        "description": "The revision of the register that is shown, or was written; absent from what is streamed, "
        "unless `known_at` asked for one.",
        "schema": {"type": "integer"},
    },
    "Vary": {
        "description": "The headers that the answer depends on: `Accept-Encoding`, for it comes as gzip too, and of a "
        "list `Accept`.",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "`Bearer`, and what was wrong with the token.", "schema": {"type": "string"}},
    "Accept-Patch": {
        "description": "The media type of a `PATCH` (RFC 5789).",
        "schema": {"type": "string", "examples": [MEDIA_TYPES["PATCH"]]},
    },
    "Retry-After": {"description": "In how many seconds to try again.", "schema": {"type": "integer"}},
}
OF_A_PROBLEM: Final = {401: ["WWW-Authenticate"], 412: ["ETag"], 429: ["Retry-After"], 503: ["Retry-After"]}
"""The headers that a problem has beside the id of its request."""
SOMETIMES: Final = ("Broen-Revision", "Link", "Content-Disposition")
"""The headers that not every answer has; nor does what is streamed, or a trial, have an ETag."""
UNUSED: Final = ("HTTPValidationError", "JsonValue", "ValidationError")
"""What FastAPI and Pydantic add and nothing refers to."""


def headers(*names: str, tagged: bool = True) -> dict[str, Any]:
    """The headers of an answer; each that not every answer has says so."""
    sometimes = SOMETIMES if tagged else (*SOMETIMES, "ETag")
    return {name: HEADERS[name] | {"required": name not in sometimes} for name in names}


def problem(status: int, description: str) -> dict[str, Any]:
    """A problem, with the headers that one of this status has."""
    return {
        "description": description,
        "headers": headers("X-Request-ID", *OF_A_PROBLEM.get(status, [])),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
