"""The OpenAPI document: what FastAPI derives from the routes, made exactly true."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.auth.gate import BEARER, OPTIONAL
from app.errors import FileProblem, Problem
from app.insights import LISTINGS
from app.insights.deadlines import ICS
from app.openapi import writes
from app.openapi.answers import PROBLEMS, UNUSED, headers, problem
from app.openapi.bodies import bodies
from app.openapi.description import ABOUT, CHANGES, DESCRIPTION, IMPORTS, INSIGHTS
from app.resources import RESOURCES
from app.rest.export.formats import CSV, GEOJSON, JSON, XLSX, Format
from app.rest.query import MOST_VALUES

OF_A_RECORD: Final = (404, 410)
OF_A_LIST: Final = (406, 413)
LOST: Final = "The change that `after` names is not in this log: start anew, from `/v1/snapshot` or with `after=0`."
OWN: Final[Mapping[str, Mapping[int, str]]] = {
    "/v1/revisions/{number}": {404: "There is no revision of this number."},
    "/v1/changes": {410: LOST},
    "/v1/changes/stream": {410: LOST},
    "/v1/snapshot": {410: LOST.replace("after", "at", 1)},
}
"""The problems that only some have, or have for a reason of their own."""
OF_THE_DATABASE: Final = (503,)
OF_A_CALLER: Final = (401, 403, 429)
ISSUER_AWAY: Final = " So it is when the issuer of a token cannot be asked for its keys."
WITHOUT_DATABASE: Final = frozenset(
    {"/livez", "/v1/findings/rules", *(f"{resource.path}/template" for resource in RESOURCES)}
)
"""The paths that answer whatever the state of the database."""
WHOLE: Final = {
    "ndjson": "One record a line, as in `items` of a page",
    "csv": "RFC 4180 in UTF-8, a row a record below a row of headings",
    "xlsx": "A workbook of one sheet, a row a record below a row of headings",
    "ics": "An iCalendar (RFC 5545), an all-day event a record",
}
FORMATS: Final = {GEOJSON: "MapFormat", ICS: "CalendarFormat"}
"""What the formats of a list are called together, where the last of them is not for every list."""
POSITION: Final = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
    "description": "Degrees east of Greenwich, then north of the equator (WGS 84).",
}
HELD: Final = "The `ETag` of the answer that the client holds."
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": HELD,
    "schema": {"type": "string", "description": HELD, "examples": ['"f6397f2d146ca51bc9a5dc5f"']},
}

SEEN: Final = (
    "A revision that the answer must show, or a later one: `Broen-Revision` of one's own write. It is waited for, for "
    "two seconds at the most; then comes a 503."
)
MIN_REVISION: Final = {
    "name": "Min-Revision",
    "in": "header",
    "required": False,
    "description": SEEN,
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1, "description": SEEN, "examples": [1]},
}


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if api.openapi_schema is None:
        whole = get_openapi(
            title=api.title,
            version=api.version,
            description=DESCRIPTION,
            routes=api.routes,
            tags=[{"name": r.tag, "description": r.about} for r in RESOURCES] + [INSIGHTS, CHANGES, IMPORTS, ABOUT],
            servers=[{"url": "/", "description": "This service"}],
        )
        for path, methods in whole["paths"].items():
            for method, operation in methods.items():
                if method == "get":
                    _declare(path, operation)
                else:
                    writes.declare(method.upper(), operation)
        whole["components"]["securitySchemes"].pop(OPTIONAL, None)
        whole["components"]["schemas"] = _shapes(whole["components"]["schemas"])
        _declare_formats(whole)
        _declare_templates(whole)
        whole["components"]["schemas"] |= _choices(whole["paths"])
        _show_ids(whole)
        whole = _named(whole)
        whole["components"]["schemas"] |= bodies(whole["components"]["schemas"], _id_of(whole))
        api.openapi_schema = whole
    return api.openapi_schema


def _declare(path: str, operation: dict[str, Any]) -> None:
    """Declare parameters as they are taken, headers and problems as they are sent."""
    parameters = operation.setdefault("parameters", [])
    names = {parameter["name"] for parameter in parameters}
    for parameter in parameters:
        parameter["schema"].pop("title", None)  # the description stays: there the generator for Python looks for it
        if "items" in parameter["schema"]:
            parameter["schema"].setdefault("maxItems", MOST_VALUES)
    tagged = path.startswith("/v1") and "application/json" in operation["responses"]["200"]["content"]
    dated, paged, whole = "as_of" in names, "cursor" in names, "columns" in names
    present = {"X-Request-ID": True, "ETag": tagged, "Broen-As-Of": dated, "Link": paged or "known_at" in names}
    present |= {"Content-Disposition": whole or path.endswith("/template"), "Vary": tagged, "Broen-Revision": tagged}
    answer = operation["responses"]["200"] | {
        "description": "One page of the list as JSON, or the whole list in another format." if whole else "The answer.",
        "headers": headers(*(n for n, is_there in present.items() if is_there), tagged=not whole),
    }
    responses = {"200": answer}
    if tagged:
        parameters.append(IF_NONE_MATCH)
        responses["304"] = {
            "description": "What `If-None-Match` names is still the answer; there is no body.",
            "headers": answer["headers"],
        }
    if path.startswith("/v1") and path not in WITHOUT_DATABASE:
        parameters.append(MIN_REVISION)
    known = "security" in operation
    responses |= {str(s): problem(s, says) for s, says in _problems(path, known=known, whole=whole).items()}
    operation["responses"] = responses
    if {OPTIONAL: []} in operation.get("security", []):
        operation["security"] = [{}, {BEARER.scheme_name: []}]
        del responses["403"]


def _problems(path: str, *, known: bool, whole: bool) -> dict[int, str]:
    """The problems that a path may answer with; it may be `known` who asks, and some lists come `whole`."""
    own = OWN.get(path, {})
    none = {
        *(() if "{id}" in path else OF_A_RECORD),
        *(OF_THE_DATABASE if path in WITHOUT_DATABASE else ()),
        *(() if whole else OF_A_LIST),
        *(() if known else OF_A_CALLER),
        *((410,) if path.endswith("/history") else ()),
    } - own.keys()
    issuer = ISSUER_AWAY if known else ""
    every = {status: says + (issuer if status in OF_THE_DATABASE else "") for status, says in PROBLEMS.items()}
    return {status: says for status, says in {**every, **own}.items() if status not in none}


def _id_of(whole: dict[str, Any]) -> dict[str, Any]:
    """The shape of an id."""
    (id,) = (
        p["schema"] for p in whole["paths"][f"{RESOURCES[0].path}/{{id}}"]["get"]["parameters"] if p["in"] == "path"
    )
    return {key: value for key, value in id.items() if key in ("type", "maxLength", "pattern")}


def _declare_formats(whole: dict[str, Any]) -> None:
    """Declare of each list the formats that it has, and the columns of its tables."""
    for listing in (*(resource.listing for resource in RESOURCES), *LISTINGS):
        operation = whole["paths"][listing.path]["get"]
        parameters = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
        offered = FORMATS.get(listing.formats[-1], "ListFormat")
        whole["components"]["schemas"][offered] = {
            "title": offered,
            "type": "string",
            "description": "\n".join(f"- `{f.name}`: {f.media_type}" for f in listing.formats),
            "enum": [format.name for format in listing.formats],
        }
        for enumeration in ("type", "enum"):
            del parameters["format"][enumeration]
        parameters["format"]["$ref"] = f"#/components/schemas/{offered}"
        parameters["columns"]["uniqueItems"] = True
        parameters["columns"]["examples"] = [[listing.columns[0].name]]
        parameters["columns"]["items"] = {"type": "string", "enum": [column.name for column in listing.columns]}
        content, record = operation["responses"]["200"]["content"], listing.public.__name__
        content |= {f.media_type: {"schema": _whole_list(f, record)} for f in listing.formats if f is not JSON}


def _declare_templates(whole: dict[str, Any]) -> None:
    """Declare of each template that it is a file."""
    for resource in RESOURCES:
        answer = whole["paths"][f"{resource.path}/template"]["get"]["responses"]["200"]
        told = {CSV: "A row of headings, with a byte-order mark", XLSX: "A workbook"}
        answer["content"] = {f.media_type: {"schema": {"type": "string", "description": d}} for f, d in told.items()}


def _whole_list(format: Format, record: str) -> dict[str, Any]:
    """What a list of these records is in a format other than JSON."""
    if format is not GEOJSON:
        return {"type": "string", "description": f"{WHOLE[format.name]}; see `{record}`."}
    geometries = [
        {"type": "null"},
        _object(type={"const": "Point"}, coordinates=POSITION),
        _object(type={"const": "MultiPoint"}, coordinates={"type": "array", "items": POSITION, "minItems": 1}),
    ]
    feature = _object(
        type={"const": "Feature"},
        id={"type": "string"},
        geometry={"oneOf": geometries},
        properties={"$ref": f"#/components/schemas/{record}"},
    )
    return _object(type={"const": "FeatureCollection"}, features={"type": "array", "items": feature})


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _choices(paths: dict[str, Any]) -> dict[str, Any]:
    """The shapes of what a single parameter offers, by names of their own: `RegionsSort`, what `list_regions` sorts by.

    Without a name, each generator of clients makes up another.
    """
    choices: dict[str, Any] = {}
    for operation in (operation for methods in paths.values() for operation in methods.values()):
        for parameter in operation["parameters"]:
            offered = parameter["schema"].get("items", parameter["schema"])
            if offered.keys() & {"enum", "const"}:
                values = offered.pop("enum", None) or [offered.pop("const")]
                name = f"{operation['operationId'].removeprefix('list_')}_{parameter['name']}".title().replace("_", "")
                choices[name] = {
                    "title": name,
                    "description": parameter["description"],
                    "type": offered.pop("type"),
                    "enum": values,
                }
                if any(value.startswith("-") for value in values):
                    choices[name]["x-enum-varnames"] = [_constant(value) for value in values]
                offered["$ref"] = f"#/components/schemas/{name}"
    return choices


def _constant(value: str) -> str:
    """What a generated client calls a value: `-name` is NAME_DESCENDING."""
    return f"{value.removeprefix('-')}{'_descending' if value.startswith('-') else ''}".upper()


def _shapes(shapes: dict[str, Any]) -> dict[str, Any]:
    """The shapes that are sent: with the problem, without FastAPI's own errors, and without what says nothing."""
    _, problems = models_json_schema(
        [(Problem, "serialization"), (FileProblem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    sent = {name: s for name, s in shapes.items() if name not in UNUSED}
    sent |= problems["$defs"]
    for shape in sent.values():
        for field in shape.get("properties", {}).values():
            for noise in ("title", "default"):
                field.pop(noise, None)
    return sent


def _show_ids(whole: dict[str, Any]) -> None:
    """Show, as the example of an id, one that is there."""
    for resource in RESOURCES:
        (batch,) = (p for p in whole["paths"][resource.path]["get"]["parameters"] if p["name"] == "id")
        batch["schema"]["examples"] = [[resource.example]]
        for path in (path for path in whole["paths"] if path.startswith(f"{resource.path}/{{id}}")):
            for operation in whole["paths"][path].values():
                for one in (p for p in operation["parameters"] if p["name"] in ("id", "against", "replaced_by")):
                    one["schema"]["examples"] = [resource.example]
        whole["components"]["schemas"][resource.public.__name__]["properties"]["id"]["examples"] = [resource.example]


def _named(whole: dict[str, Any]) -> dict[str, Any]:
    """Call each shape by its own name: `Thing`, where Pydantic says `Thing_Ref_`."""
    titles = {name: shape["title"] for name, shape in whole["components"]["schemas"].items() if name.endswith("_")}
    text = json.dumps(whole)
    for name, title in titles.items():
        text = text.replace(f'"{name}"', f'"{title}"').replace(f'schemas/{name}"', f'schemas/{title}"')
    named: dict[str, Any] = json.loads(text)
    return named
