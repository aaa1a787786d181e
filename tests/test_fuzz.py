"""Schemathesis asks what nobody would think of, of every operation, and holds each answer against the OpenAPI."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    ensure_resource_availability,
    ignored_auth,
    positive_data_acceptance,
    response_schema_conformance,
    use_after_free,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.types import ASGIApp

from app.auth import Role
from app.main import create_api, front
from app.rest.position import LATEST
from app.rest.schema import SLUG
from app.settings import load_settings
from tests.conftest import Databases, leaving, make_key

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""How many random requests each operation gets in `make fuzz`; a test run asks a few, always the same."""
REJECTED: Final = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 429, "5xx"]
"""What refuses a request that is wrong; of several reasons one comes first."""
UNSAYABLE: Final = (
    *("There is no ", "The record has the versions"),
    *("This goes with format=", "The period must end after it starts", "Bounds should not be crossed"),
    *("What will be known", "The instant should be of the years"),
    "Input should have a word to look for",
    "Decimal input should have no more than",
)
"""What is refused though the OpenAPI allows it: no schema can say which ids, versions and revisions there are, which
parameters go together, or what a word is, and decimals only in a way that binary floats break (`multipleOf: 0.01`)."""


ASKING_AGAIN: Final = (ensure_resource_availability, ignored_auth, use_after_free)
"""Checks that send requests of their own, which only a service with an address answers."""


def document() -> dict[str, Any]:
    """The OpenAPI without what nobody can make up.

    A wrong cursor is a 400, which hides what else is wrong, as is a place in the change log that there is not a 410; a
    revision or a change that is still to come is waited for.
    """
    left_out = ("cursor", "Min-Revision", "wait", "Last-Event-ID")
    whole: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
    for operation in operations(whole):
        operation["parameters"] = [
            p
            for p in operation["parameters"]
            if p["name"] not in left_out and not p["schema"].get("pattern", "").startswith(f"^({LATEST}")
        ]
    return whole


def operations(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """All operations of a document."""
    return [operation for methods in whole["paths"].values() for operation in methods.values()]


def with_known_ids() -> dict[str, Any]:
    """The document with the ids of its examples, and no others: random ones find nothing."""
    whole = document()
    for schema in (parameter["schema"] for operation in operations(whole) for parameter in operation["parameters"]):
        ids = schema.get("items", schema)
        if SLUG.pattern in ids.get("pattern", ""):
            ids["enum"] = schema["examples"][0] if "items" in schema else schema["examples"]
    return whole


def one_resource() -> dict[str, Any]:
    """The document with the operations of one resource: writes are the same code everywhere."""
    whole = with_known_ids()
    whole["paths"] = {path: methods for path, methods in whole["paths"].items() if path.startswith("/v1/organisations")}
    return whole


def with_each_shape_once() -> dict[str, Any]:
    """The document with what many parameters take at the first of them: it is checked by the same code everywhere."""
    whole = document()
    seen: list[dict[str, Any]] = []
    for operation in operations(whole):
        kept = [p for p in operation["parameters"] if p["required"] or shape(p) not in seen]
        seen += map(shape, operation["parameters"])
        operation["parameters"] = kept
    return whole


def shape(parameter: dict[str, Any]) -> dict[str, Any]:
    """What a parameter takes, whatever is said of it."""
    said = ("description", "default", "examples")
    return {"in": parameter["in"], **{k: v for k, v in parameter["schema"].items() if k not in said}}


def asking(document: dict[str, Any], *phases: str) -> OpenApiSchema:
    """The questions of these phases."""
    generation = {"max-examples": EXAMPLES or 10, "deterministic": not EXAMPLES, "database": "none"}
    enabled = {phase: {"enabled": phase in phases} for phase in ("examples", "coverage", "fuzzing")}
    checks = {"negative_data_rejection": {"expected-statuses": REJECTED}}
    config = {"generation": generation, "phases": enabled, "checks": checks} | ({} if EXAMPLES else {"seed": 1})
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(config))


at_random: Final = asking(with_known_ids(), "examples", "fuzzing").include(method="GET")
at_the_bounds: Final = (
    asking(document(), "coverage", "fuzzing") if EXAMPLES else asking(with_each_shape_once(), "coverage")
).include(method="GET")
written: Final = (asking(with_known_ids(), "fuzzing") if EXAMPLES else asking(one_resource(), "fuzzing")).exclude(
    method="GET"
)


@pytest.fixture(scope="session")
def application(register: str) -> ASGIApp:
    """The application, on the register that nobody writes to."""
    return leaving(front(create_api(load_settings().model_copy(update={"database_url": register}))))


@pytest.fixture(scope="module")
def written_to(databases: Databases) -> Iterator[tuple[ASGIApp, dict[str, str]]]:
    """The application, on a register of its own, and the headers of who may write everything."""
    with databases() as url:
        key = asyncio.run(make_key(url, Role.STEWARD))
        changes = {"database_url": url, "writes_per_minute": 1_000_000}
        yield front(create_api(load_settings().model_copy(update=changes))), {"Authorization": f"Bearer {key}"}


def what_is_valid_is_accepted(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """What the OpenAPI allows is refused only for what it cannot say."""
    if response.status_code == 400 and all(f["detail"].startswith(UNSAYABLE) for f in response.json()["errors"]):
        return None
    return positive_data_acceptance(ctx, response, case)


def what_is_json_is_as_declared(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Only JSON has a shape that the OpenAPI declares; of other formats their own tests tell."""
    (kind,) = response.headers.get("content-type", [""])
    return response_schema_conformance(ctx, response, case) if kind.endswith("json") else None


def check(case: Case[Any], application: ASGIApp) -> None:
    """Ask, and hold the answer against all that Schemathesis knows of what an API should keep."""
    case.call_and_validate(
        app=application,
        additional_checks=[what_is_valid_is_accepted, what_is_json_is_as_declared],
        excluded_checks=[positive_data_acceptance, response_schema_conformance],
    )


@at_random.parametrize()
def test_whatever_is_asked_is_answered_as_declared(case: Case[Any], application: ASGIApp) -> None:
    """Every operation: its examples, and parameters at random, right and wrong."""
    check(case, application)


@at_the_bounds.parametrize()
def test_every_parameter_keeps_its_bounds(case: Case[Any], application: ASGIApp) -> None:
    """Every parameter at, above and below its bounds, of another type, given twice; every method that there is not."""
    check(case, application)


@written.parametrize()
def test_whatever_is_written_is_answered_as_declared(
    case: Case[Any], written_to: tuple[ASGIApp, dict[str, str]]
) -> None:
    """Every write: bodies at random, right and wrong. What refers to nobody is refused, though a schema allows it."""
    application, headers = written_to
    case.call_and_validate(
        app=application,
        headers=headers,
        additional_checks=[what_is_json_is_as_declared],
        excluded_checks=[*ASKING_AGAIN, positive_data_acceptance, response_schema_conformance],
    )
