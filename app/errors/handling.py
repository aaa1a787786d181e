"""How every failure is answered: as a problem."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.errors import (
    BadParameters,
    BroenError,
    Fault,
    FileProblem,
    InvalidBody,
    InvalidFile,
    Problem,
    Unauthorized,
    Unavailable,
    bad_parameter,
    body_faults,
    is_full,
    said,
)

log: Final = structlog.get_logger("broen")
MOST_FAULTS: Final = 20
"""How many faults in parameters are told: a form has fewer, and who sends thousands reads none."""


def answer(  # noqa: PLR0913 - what a problem says
    request: Request,
    status: HTTPStatus,
    title: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    more: int | None = None,
) -> Response:
    """Answer with a problem; with that of a file, where it is told how many faults are not."""
    of = {
        "type": f"urn:broen:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": correlation_id.get(),
        "errors": list(faults),
    }
    problem = Problem.model_validate(of) if more is None else FileProblem.model_validate({**of, "more": more})
    return Response(
        problem.model_dump_json().encode(),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/problem+json",
    )


async def refusal(request: Request, error: BroenError) -> Response:
    """The answer that tells a caller of a failure."""
    if isinstance(error, Unavailable):
        log.warning("unavailable", reason=str(error), cause=repr(error.__cause__))
    elif isinstance(error, Unauthorized) and error.given:
        log.info("not let in", reason=str(error))
    more = error.more if isinstance(error, InvalidFile) else None
    faults, headers = error.faults, error.headers
    return answer(request, error.status, error.title, str(error), faults=faults, headers=headers, more=more)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    """Parameters answer 400, bodies 422."""
    errors = [e for e in error.errors() if e["type"] != "none_required"]  # the other arm of `… | Absent`
    in_body = [e for e in errors if e["loc"][0] == "body"]
    if in_body:
        faults = body_faults([{**e, "loc": e["loc"][1:]} for e in in_body])
        return await refusal(request, InvalidBody(faults=faults))
    faults = [_parameter_fault(request, e) for e in errors[:MOST_FAULTS]]
    if rest := len(errors) - len(faults):
        faults.append(bad_parameter("query", f"There are {rest} more faults"))
    return await refusal(request, BadParameters(faults=faults))


def _parameter_fault(request: Request, error: Mapping[str, Any]) -> Fault:
    name = str(error["loc"][1]) if len(error["loc"]) > 1 else "query"
    if error["type"] != "extra_forbidden":
        return bad_parameter(name, said(error))
    models = query_models(request)
    known = sorted(info.alias or field for model in models for field, info in model.model_fields.items())
    near = difflib.get_close_matches(name, known)
    return bad_parameter(name, f"There is no such parameter here; there are: {', '.join(known) or 'none'}.", near)


def query_models(request: Request) -> list[Any]:
    """The models of the parameters that a route takes, itself or by what it depends on."""
    dependants, models = [request.scope["route"].dependant], []
    for dependant in dependants:
        dependants += dependant.dependencies
        models += [parameter.field_info.annotation for parameter in dependant.query_params]
    return models


async def _http_error(request: Request, error: HTTPException) -> Response:
    """What Starlette refuses itself: an unknown path, a method that the path does not have."""
    status = HTTPStatus(error.status_code)
    detail = error.detail if error.detail != status.phrase else {
        HTTPStatus.NOT_FOUND: "There is nothing at this path; /v1 lists what there is, and no path ends with a slash.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not possible here.",
    }.get(status, status.phrase)  # fmt: skip
    headers = dict(error.headers or {})
    if "Allow" in headers:
        methods = _methods(request, request.app.routes)
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return answer(request, status, status.phrase.capitalize(), detail, headers=headers)


def _methods(request: Request, routes: Sequence[Any]) -> set[str]:
    """The methods of all routes of the path that was asked for; FastAPI names those of the first alone."""
    found = dict(_matching(request, routes))
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return found[path] if path in found else set().union(*found.values())  # a path of its own is no record's


def _matching(request: Request, routes: Sequence[Any]) -> Iterator[tuple[str, set[str]]]:
    """The paths that are meant, with their methods."""
    every: defaultdict[str, set[str]] = defaultdict(set)
    for route in routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            inner = getattr(route, "original_router", None)
            for path, methods in _matching(request, inner.routes) if inner else [(route.path, route.methods or ())]:
                every[path] |= set(methods)
    yield from every.items()


async def _os_error(request: Request, error: Exception) -> Response:
    if is_full(error):
        full = Unavailable("There is no room left for temporary files.", retry_after=30)
        full.__cause__ = error
        return await refusal(request, full)
    return await _unforeseen(request, error)


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen failure", path=request.url.path, exc_info=error)
    return answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal server error",
        "Something failed here that should not have; the operator finds it in the log by its request id.",
    )


def handle_errors(app: FastAPI) -> None:
    """Answer every failure of the application with a problem."""
    app.add_exception_handler(BroenError, refusal)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    app.add_exception_handler(OSError, _os_error)
    app.add_exception_handler(Exception, _unforeseen)
