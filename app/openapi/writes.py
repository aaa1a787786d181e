"""Operations that write: which headers and bodies they take, and what they answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi.routing import APIRoute

from app.openapi.answers import PROBLEMS, headers, problem
from app.openapi.bodies import CHANGE, NEW, PREFIX, WHOLE
from app.resources import RESOURCES
from app.rest.sent import MEDIA_TYPES

TAG: Final = {
    "type": "string",
    "pattern": r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$',
    "examples": ['"3.f6397f2d146ca51bc9a5dc5f"'],
}
SENT: Final[dict[str, dict[str, Any]]] = {
    "If-Match": {
        "description": "The `ETag` with which the record was answered. Only its version is compared, so that a name "
        "that others changed or a new day stands in nobody's way; `*` is any version.",
        "schema": TAG,
    },
    "If-None-Match": {
        "description": "`*` creates the record, and never replaces one.",
        "schema": {"type": "string", "pattern": r"^\*$", "examples": ["*"]},
    },
    "Idempotency-Key": {
        "description": "Marks this request, so that it can be sent again when no answer came: for 24 hours the first "
        "answer is given again. Use a new one, such as a UUID, for each request.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["7f4df5a3-6b1c-4d6f-9a52-0d5d1c1e3b0a"]},
    },
    "Broen-Note": {
        "description": "Why, for the history: up to 1000 characters in UTF-8, percent-encoded (`æ` is `%C3%A6`, `%` "
        "is `%25`).",
        "schema": {
            "type": "string",
            "pattern": "^[!-~]([ -~]*[!-~])?$",
            "examples": ["Rettet efter byr%C3%A5dets m%C3%B8de"],
        },
    },
}
TAKEN: Final = {
    "POST": {"Idempotency-Key": False},
    "PUT": {"If-Match": False, "If-None-Match": False},
    "PATCH": {"If-Match": True},
    "DELETE": {"If-Match": True},
}
"""The headers that each method takes beside `Broen-Note`, and whether it cannot do without."""
ANSWERS: Final = {
    200: "The record as it is now, as a GET shows it; with `dry_run`, as it would be.",
    201: "The record that was created, as a GET shows it.",
    204: "The record is deleted; with `dry_run`, it could be.",
}
OF_A_WRITE: Final = {
    400: "A parameter or a header is unknown, malformed, given twice, or names what nobody has.",
    408: "Nothing more of the body came for a while.",
    409: "The register is not in a state in which this can be done: the id is taken, others refer to the record (they "
    "are named), or it is not deleted.",
    412: "The record is no longer the version that the caller knows: the problem says who changed which fields since, "
    "and `ETag` is the current one. Or it is there already, and was to be created.",
    413: "The body is too long.",
    415: "The body is not of the media type that is taken here, not UTF-8, or encoded.",
    422: "The body is no JSON, or breaks its shape or a rule: all faults of the shape at once, or else all ids that "
    "nobody has, each with its JSON pointer.",
    428: "`If-Match` is missing, so that somebody's work could be lost.",
}
KEY_USED: Final = " Or `Idempotency-Key` marks another request: `urn:broen:problem:idempotency-key-used`."
IMPORT: Final = "import_records"
DONE: Final = "What was written; with `dry_run`, what would be."
OF_AN_IMPORT: Final = {
    403: "Rows are of records that the caller may not write: each is told.",
    408: "Nothing more of the file came for a while.",
    409: "Others have written some of the records while they were checked: nothing was written; send the file again.",
    413: "The file is too long.",
    415: "The file is neither NDJSON nor CSV, not UTF-8, or encoded.",
    422: "The file cannot be read, or rows break their shape or a rule: each fault with its row, place and value, and "
    f"what would be right. Nothing was written.{KEY_USED}",
}
OF_ROWS: Final = (403, 422)
"""The problems that may be of rows."""
FILE: Final = {
    "required": True,
    "content": {
        "application/x-ndjson": {
            "schema": {
                "type": "string",
                "description": "A record a line, as a body has it or as it is read, with its `id`, and its `resource` "
                "unless the parameter says it.",
                "examples": [
                    '{"resource": "goals", "id": "maal", "plan": "sundhed-taet-paa-dig", "number": 9, "title": "Mål"}\n'
                ],
            }
        },
        "text/csv": {
            "schema": {
                "type": "string",
                "description": "A row a record, below headings: names of columns, or Danish or English, as exports and "
                "templates have them. Comma or semicolon.",
                "examples": ["id,plan_id,number,title\net-maal,sundhedsplan-syddanmark,1,Et mål\n"],
            }
        },
    },
}
MAY_ANSWER: Final = {
    "create": (200, 201, 400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503),
    "replace": (200, 201, 400, 401, 403, 404, 408, 410, 412, 413, 415, 422, 428, 429, 500, 503),
    "patch": (200, 400, 401, 403, 404, 408, 410, 412, 413, 415, 422, 428, 429, 500, 503),
    "delete": (204, 400, 401, 403, 404, 409, 410, 412, 428, 429, 500, 503),
    "import": (200, 400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503),
    "restore": (200, 400, 401, 403, 404, 409, 422, 429, 500, 503),
}
"""What each may answer."""


def declare(method: str, operation: dict[str, Any]) -> None:
    """Declare of an operation all that it takes and answers."""
    for parameter in operation["parameters"]:
        parameter["schema"].pop("title", None)
    taken = {**TAKEN[method], "Broen-Note": False}
    operation["parameters"] += [{"name": n, "in": "header", "required": must, **SENT[n]} for n, must in taken.items()]
    if body := {**BODIES, IMPORT: FILE}.get(operation["operationId"]):
        operation["requestBody"] = body
    contents = [answer["content"] for answer in operation["responses"].values() if "content" in answer]
    if operation["operationId"] == IMPORT:
        operation["responses"] = _of_an_import(contents[0])
        return
    said = PROBLEMS | OF_A_WRITE
    if "Idempotency-Key" in taken:
        said[422] += KEY_USED
    operation["responses"] = {
        str(status): _answer(status, contents[0]) if status in ANSWERS else problem(status, said[status])
        for status in MAY_ANSWER[operation["operationId"].partition("_")[0]]
    }
    if method == "PATCH":
        operation["responses"]["415"]["headers"] |= headers("Accept-Patch")


def _of_an_import(content: dict[str, Any]) -> dict[str, Any]:
    """What an import answers: what it did, or with each row what is wrong with it."""
    said = PROBLEMS | OF_A_WRITE | OF_AN_IMPORT | {200: DONE}
    answers = {str(status): problem(status, said[status]) for status in MAY_ANSWER["import"]}
    for status in OF_ROWS:
        kinds = [{"$ref": f"{PREFIX}FileProblem"}, {"$ref": f"{PREFIX}Problem"}]
        answers[str(status)]["content"] = {"application/problem+json": {"schema": {"anyOf": kinds}}}
    done = {"description": DONE, "headers": headers("X-Request-ID", "Broen-Revision"), "content": content}
    return {**answers, "200": done}


def _answer(status: int, content: dict[str, Any]) -> dict[str, Any]:
    """An answer that a write succeeded; a trial has no ETag, for another write may be given its version."""
    names = {200: ["ETag", "Broen-As-Of"], 201: ["ETag", "Broen-As-Of", "Location"], 204: []}[status]
    sent = headers("X-Request-ID", "Broen-Revision", *names, tagged=status != HTTPStatus.OK)
    body = {} if status == HTTPStatus.NO_CONTENT else {"content": content}
    return {"description": ANSWERS[status], "headers": sent, **body}


def _body(method: str, shape: str, example: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"example": example} if method == "POST" else {}  # of the others, only what is there could be shown
    return {"required": True, "content": {MEDIA_TYPES[method]: {"schema": {"$ref": PREFIX + shape}, **shown}}}


BODIES: Final = {
    route.name: _body(method, shape.format(resource.public.__name__), resource.data.example)
    for resource in RESOURCES
    for route in resource.router.routes
    if isinstance(route, APIRoute)
    for method, shape in (("POST", NEW), ("PUT", WHOLE), ("PATCH", CHANGE))
    if method in (route.methods or ()) and "restore" not in route.path
}
"""The bodies, by the ids of the operations that take them."""
