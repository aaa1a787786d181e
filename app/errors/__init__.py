"""Everything that can go wrong for a caller, as RFC 9457 problems.

BroenError
├── BadParameters      400  a parameter that is unknown, malformed or names what nobody has
├── Unauthorized       401  writing without a token, or any request with one that does not count
├── Forbidden          403  a caller whose role does not reach so far
├── NotFound           404  an id that never existed
├── NotAcceptable      406  no format that the client accepts
├── TooSlow            408  a body of which nothing more comes
├── Conflict           409  an id that is taken, a record that others refer to, one that is not deleted
├── Gone               410  an id that was deleted
├── StartAnew          410  a place in the change log that this log does not have
├── Stale              412  a record that is not, or no longer, as the caller thinks
├── TooLarge           413  a list that does not fit into the format asked for, or a body that is too long
├── UnsupportedBody    415  a body of another media type, or encoded
├── InvalidBody        422  a body, or a record of the packaged data, that breaks the shape or a rule
│   └── InvalidFile    422  rows of a file break it; ForbiddenRows, 403, are not the caller's to write
├── KeyUsed            422  a key for sending again that marks another request
├── Unconditional      428  a change that does not say which version it is of
├── TooManyRequests    429  writes or failed log-ins, too many in a minute; Retry-After says when to go on
└── Unavailable        503  the database or the issuer of tokens is away or too slow; Retry-After says when to try again

A handler raises one of these and has no `try`. What Starlette itself refuses (404 for a path, 405) and what nobody
foresaw (500) is answered in the same shape.
"""

import errno
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final

from jsonpointer import JsonPointer
from pydantic import BaseModel, ConfigDict, Field

MOST_FAULTS: Final = 100
"""How many faults of a body are told."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    parameter: str | None = Field(examples=["population_min"])
    """The parameter that is wrong; null when the fault lies in a body."""
    record: str | None = Field(examples=["health-agreements/sundhedsaftale-sjaelland-2019"])
    """The record that would break a rule, as its path below /v1; null when the request itself is wrong."""
    pointer: str | None = Field(examples=["/parties/0/deadline"])
    """JSON pointer (RFC 6901) to what is wrong in the body; null when the fault lies in a parameter."""
    detail: str = Field(examples=["Input should be greater than or equal to 0"])
    """What is wrong, and what would be right."""
    near: list[str] = Field(examples=[["dk-1084", "dk-1085"]])
    """Values that exist and resemble the one given; empty when there are none."""

    def __str__(self) -> str:
        """The fault in words: where it lies, and what it is."""
        where = f"{self.parameter or ''}{self.record or ''}{self.pointer or ''}"
        return f"{where}: {self.detail}" if where else self.detail


class RowFault(Fault):
    """One thing that is wrong with a row of a file."""

    file: str | None = Field(examples=["goals.csv"])
    """The file's name; null for what came in a request."""
    row: int | None = Field(examples=[17])
    """The row, from 1: a line of NDJSON, a row of a CSV as a spreadsheet counts, the headings being the first."""
    column: str | None = Field(examples=["Frist"])
    """The heading of the column, as the file has it; null for NDJSON, and for what is wrong with a whole row."""
    value: str | None = Field(examples=["12. november"])
    """What stands there, shortened; null when nothing does."""

    def __str__(self) -> str:
        """The fault in words: file, row, place, what it is, what stands there."""
        where = ":".join(str(part) for part in (self.file, self.row, self.column or self.pointer) if part)
        near = f", perhaps {' or '.join(self.near)}" if self.near else ""
        return f"{where}: {self.detail}{near}" + (f" (here: {self.value})" if self.value is not None else "")


class Problem(BaseModel):
    """Why a request failed (RFC 9457).

    All faults of its form come at once; once there is none, those that the register finds, such as ids that nobody has.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    type: str = Field(examples=["urn:broen:problem:bad-parameters"])
    """The kind of problem, a stable URI to branch on."""
    title: str = Field(examples=["Bad parameters"])
    """The kind of problem in words."""
    status: int = Field(examples=[400])
    """The HTTP status code."""
    detail: str = Field(examples=["population_min: Input should be greater than or equal to 0"])
    """What went wrong this time."""
    instance: str = Field(examples=["/v1/municipalities"])
    """The path that was asked for."""
    request_id: str | None = Field(examples=["0f1d0a5e5d8c4a2fb7b5ad6e1f6e9d4c"])
    """The id of this request, to quote to the operator; also in the header X-Request-ID and in the log."""
    errors: list[Fault]
    """Each single fault, up to twenty of parameters and a hundred of a body, and then how many more there are; empty
    when the problem is not about the request's parts."""


class FileProblem(Problem):
    """Why a file was refused: its faults, up to a number that can be read."""

    errors: list[RowFault]  # type: ignore[assignment]
    """Each single fault, by file and row; the first thousand."""
    more: int = Field(examples=[0])
    """How many further faults there are."""


class BroenError(Exception):
    """A failure that a caller is told about."""

    status: ClassVar[HTTPStatus]
    title: ClassVar[str]

    def __init__(
        self, detail: str = "", faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail or "; ".join(map(str, faults)))
        self.faults = list(faults)
        self.headers = dict(headers or {})


class BadParameters(BroenError):
    """A parameter is unknown, malformed, or names what nobody has."""

    status, title = HTTPStatus.BAD_REQUEST, "Bad parameters"


class Unauthorized(BroenError):
    """Nobody has shown who they are, or not with a token that counts."""

    status, title = HTTPStatus.UNAUTHORIZED, "Unauthorized"

    def __init__(self, detail: str, *, given: bool = True) -> None:
        challenge = 'Bearer realm="Broen"' + (', error="invalid_token"' if given else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge})
        self.given = given


class Forbidden(BroenError):
    """The caller's role does not reach so far; the detail says which would."""

    status, title = HTTPStatus.FORBIDDEN, "Forbidden"


class NotFound(BroenError):
    """The id never existed."""

    status, title = HTTPStatus.NOT_FOUND, "Not found"


class NotAcceptable(BroenError):
    """There is no format that the client accepts."""

    status, title = HTTPStatus.NOT_ACCEPTABLE, "Not acceptable"


class TooSlow(BroenError):
    """The body does not come."""

    status, title = HTTPStatus.REQUEST_TIMEOUT, "Request timeout"


class Conflict(BroenError):
    """The register is not in a state in which this can be done."""

    status, title = HTTPStatus.CONFLICT, "Conflict"


class Gone(BroenError):
    """The record was deleted."""

    status, title = HTTPStatus.GONE, "Gone"


class StartAnew(BroenError):
    """The change log does not have the place from which somebody wants to follow it."""

    status, title = HTTPStatus.GONE, "Start anew"


class Stale(BroenError):
    """The record is not, or no longer, what the caller's condition says."""

    status, title = HTTPStatus.PRECONDITION_FAILED, "Precondition failed"


class TooLarge(BroenError):
    """The answer does not fit into the format asked for, or the body is too long."""

    status, title = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Content too large"


class UnsupportedBody(BroenError):
    """The body is of another media type than the one taken, or encoded."""

    status, title = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"


class InvalidBody(BroenError):
    """A body breaks its shape or a rule."""

    status, title = HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid body"


class InvalidFile(InvalidBody):
    """Rows of a file break their shapes or a rule."""

    def __init__(self, faults: Sequence[RowFault], more: int) -> None:
        told = "; ".join(map(str, faults[:3]))
        rest = len(faults) + more - len(faults[:3])
        super().__init__(f"Nothing was written. {told}" + (f"; and {rest} more" if rest else ""), faults)
        self.rows, self.more = list(faults), more


class ForbiddenRows(InvalidFile):
    """Rows of a file are of records that the caller may not write, and nothing else is wrong with it."""

    status, title = HTTPStatus.FORBIDDEN, "Forbidden"


class KeyUsed(BroenError):
    """The key that is to mark a request marks another one."""

    status, title = HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency key used"


class Unconditional(BroenError):
    """A change does not say which version of the record it is of."""

    status, title = HTTPStatus.PRECONDITION_REQUIRED, "Precondition required"


class TooManyRequests(BroenError):
    """Too much of this was asked in a minute."""

    status, title = HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(BroenError):
    """The database, or whoever issues tokens, cannot answer now."""

    status, title = HTTPStatus.SERVICE_UNAVAILABLE, "Service unavailable"

    def __init__(self, detail: str, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


SAID: Final = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "Input should be an object"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "Input should be true or false"),
    **dict.fromkeys(("int_type", "int_parsing"), "Input should be an integer"),
    **dict.fromkeys(("decimal_type", "decimal_parsing", "float_type", "float_parsing"), "Input should be a number"),
}
"""What would be right, where Pydantic says it in words of Python."""


def said(error: Mapping[str, Any]) -> str:
    """What one of Pydantic's errors says."""
    message: str = error["msg"]
    return SAID.get(error["type"], message)


def bad_parameter(parameter: str, detail: str, near: Sequence[str] = ()) -> Fault:
    """A fault in a parameter."""
    return Fault(parameter=parameter, record=None, pointer=None, detail=detail, near=list(near))


def bad_value(pointer: str, detail: str, record: str | None = None, near: Sequence[str] = ()) -> Fault:
    """A fault in a body, at a JSON pointer; in a record, where it is known which."""
    return Fault(parameter=None, record=record, pointer=pointer, detail=detail, near=list(near))


def body_faults(errors: Sequence[Any]) -> list[Fault]:
    """Pydantic's errors about a body as faults; what compares several fields names the one that is meant."""
    told = errors[:MOST_FAULTS]
    places = ((*error["loc"], *error.get("ctx", {}).get("place", ())) for error in told)
    faults = [bad_value(JsonPointer.from_parts(at).path, said(e)) for at, e in zip(places, told, strict=True)]
    rest = len(errors) - len(told)
    return [*faults, bad_value("", f"There are {rest} more faults")] if rest else faults


def is_full(error: BaseException) -> bool:
    """Whether there is no room left for a file of our own, which is no fault of the database's."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
