"""The OpenAPI document: what FastAPI derives from the routes, made exactly true."""

import json
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.errors import Problem
from app.resources import RESOURCES

TAGS: Final = {
    "area changes": "How areas follow each other: merges, splits, transfers, renamings (*kommunesammenlægning*, …).",
    "regions": "*Regioner*: they run hospitals and pay general practice. Denmark has five, and four from 2027-01-01.",
    "municipalities": "*Kommuner*: they answer for home care, rehabilitation and prevention; each belongs to a region.",
    "organisations": "Whoever agrees, carries out, sits, pays or receives: authorities, hospitals, *partnerskaber*, "
    "committees such as *sundhedskoordinationsudvalget*.",
    "health agreements": "*Sundhedsaftaler*: the statutory agreements between a region and its municipalities "
    "(Sundhedsloven § 205), their addenda (*tillægsaftaler*) and kin.",
    "initiatives": "*Indsatser*: programmes, projects, pre-projects (*forprojekter*) and pilots.",
    "funding programmes": "EU programmes (*ERUF*, *delprogrammer*), pools (*puljer*) and own funds.",
    "grants": "*Bevillinger* and *tilsagn*: who got how much for what, and what became of it.",
    "about": "What the service says of itself.",
}

DESCRIPTION: Final = """
An open register of cross-sector health cooperation in Denmark and the Øresund.

**True over time.** Areas, memberships and agreements are answered as of a day (`as_of`, past or future; today in
Europe/Copenhagen when left out), and the answer says which in `Broen-As-Of`. What has ended keeps its id and answers
with its period and what follows it. Periods are half open: `end` is the first day after.

**One feel for every list.** Filters narrow down; a filter that takes several values is repeated for "any of". Pages
follow each other by `cursor`, which is the `next` of the page before, and the header `Link` has the whole path.
A parameter that is unknown, malformed or given twice is refused, and so is an id that nobody has.

**What is not known is null**, never a guess. Vague dates stay vague (EDTF), ranges stay ranges, amounts stay in the
currency in which they were stated.
"""


PROBLEMS: Final = {
    400: "A parameter is unknown, malformed, given twice, or names what nobody has.",
    404: "Nothing ever had this id; ids that resemble it are named.",
    410: "The record was deleted; its id is never given to anything else.",
    500: "Something failed that should not have; the operator finds it by its request id.",
    503: "The database cannot answer now; `Retry-After` says when to try again, in seconds.",
}
HEADERS: Final = {
    "X-Request-ID": "The id of the request, to quote to the operator.",
    "ETag": "Names these very bytes; send it in `If-None-Match` to get a 304 when nothing has changed.",
    "Broen-As-Of": "The day for which dated values were chosen.",
    "Link": 'The path of the next page, `rel="next"`; absent on the last.',
}


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if api.openapi_schema is None:
        whole = get_openapi(
            title=api.title,
            version=api.version,
            description=DESCRIPTION,
            routes=api.routes,
            tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        )
        schemas = whole["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _, problems = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        schemas |= problems["$defs"]
        for path, methods in whole["paths"].items():
            for operation in methods.values():
                _declare(path, operation)
        for resource in RESOURCES:
            for path, example in ((resource.path, [resource.example]), (f"{resource.path}/{{id}}", resource.example)):
                (id,) = (p for p in whole["paths"][path]["get"]["parameters"] if p["name"] == "id")
                id["schema"]["examples"] = [example]
        for schema in schemas.values():
            for field in schema.get("properties", {}).values():
                field.pop("title", None)
                field.pop("default", None)
        api.openapi_schema = _named(whole)
    return api.openapi_schema


def _declare(path: str, operation: dict[str, Any]) -> None:
    """Declare an operation's headers and problems as they are sent, and what a parameter is in one place."""
    parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
    for parameter in parameters.values():
        for said in ("title", "description"):
            parameter["schema"].pop(said, None)
    answer = operation["responses"]["200"]
    answer["description"] = "One page of the list." if "cursor" in parameters else "The answer."
    shown = {"X-Request-ID"}
    shown |= {"ETag"} if path.startswith("/v1") else set()
    shown |= {"Broen-As-Of"} if "as_of" in parameters else set()
    shown |= {"Link"} if "cursor" in parameters else set()
    answer["headers"] = {name: _header(name) for name in HEADERS if name in shown}
    operation["responses"] = {"200": answer}
    if "ETag" in shown:
        operation["responses"]["304"] = {
            "description": "What `If-None-Match` names is still the answer; there is no body.",
            "headers": {"ETag": _header("ETag")},
        }
    for status, description in PROBLEMS.items():
        if "{id}" in path or status not in (404, 410):
            operation["responses"][str(status)] = {
                "description": description,
                "headers": {"X-Request-ID": _header("X-Request-ID")},
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }


def _header(name: str) -> dict[str, Any]:
    return {"description": HEADERS[name], "schema": {"type": "string"}}


def _named(whole: dict[str, Any]) -> dict[str, Any]:
    """Call each shape by its own name: `Thing`, where Pydantic says `Thing_Ref_`."""
    titles = {name: shape["title"] for name, shape in whole["components"]["schemas"].items() if name.endswith("_")}
    text = json.dumps(whole)
    for name, title in titles.items():
        text = text.replace(f'"{name}"', f'"{title}"').replace(f'schemas/{name}"', f'schemas/{title}"')
    named: dict[str, Any] = json.loads(text)
    return named
