"""The OpenAPI is the truth: every answer, every parameter, every field is held against it."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator, FormatChecker

from app.auth import Role
from app.main import create_api
from app.openapi import WITHOUT_DATABASE
from app.resources import RESOURCES
from app.rest.resource import Resource
from app.settings import Settings
from tests.conftest import counting, make_key, serving

DAYS: Final = ("2006-12-31", "2026-06-01", "2027-01-01", "2030-01-01")
OPENAPI: Final[dict[str, Any]] = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
OPERATIONS: Final[dict[str, dict[str, Any]]] = {
    path: methods["get"]
    for path, methods in OPENAPI["paths"].items()
    if "get" in methods and {} in methods["get"].get("security", [{}])
}
"""What anybody may ask."""
WRITES: Final[dict[str, dict[str, Any]]] = {
    operation["operationId"]: operation
    for methods in OPENAPI["paths"].values()
    for method, operation in methods.items()
    if method != "get"
}
"""What changes something, by the ids of the operations."""
EVERY: Final = [*OPERATIONS.values(), *WRITES.values()]
LISTS: Final = [path for path in OPERATIONS if f"{path}/{{id}}" in OPERATIONS]
ANSWERS: Final = [
    path
    for path, operation in OPERATIONS.items()
    if "insights" in operation["tags"] and "{" not in path and "as_of" in {p["name"] for p in operation["parameters"]}
]


def validator(path: str, status: int = 200, media_type: str = "application/json") -> Draft202012Validator:
    """A strict validator of what a path answers with; every failure is a problem."""
    kind = media_type if status == 200 else "application/problem+json"
    content = OPERATIONS[path]["responses"][str(status)]["content"][kind]
    schema = {**content["schema"], "components": OPENAPI["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def filled(path: str, id: str = "dk-1085") -> str:
    """A path with an id, or with the number of a revision that there is."""
    return path.replace("{id}", id).replace("{number}", "1")


def required(path: str) -> dict[str, Any]:
    """The parameters that a path cannot do without, with their examples."""
    parameters = [p for p in OPERATIONS[path]["parameters"] if p["in"] == "query" and p["required"]]
    return {parameter["name"]: parameter["schema"]["examples"][0] for parameter in parameters}


def offered(path: str, parameter: str) -> list[str]:
    """The names that a parameter of a list takes."""
    (found,) = (p for p in OPERATIONS[path]["parameters"] if p["name"] == parameter)
    shape = found["schema"].get("items", found["schema"])["$ref"].rpartition("/")[2]
    return list(OPENAPI["components"]["schemas"][shape]["enum"])


def test_the_golden_file_is_what_is_served(settings: Settings) -> None:
    """Whoever changes the OpenAPI reads it and says so, with `make openapi`."""
    assert create_api(settings).openapi() == OPENAPI


def test_every_resource_is_in_the_openapi() -> None:
    """A list and a record each."""
    assert {resource.path for resource in RESOURCES} == set(LISTS)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_every_write_is_in_the_openapi(resource: Resource[Any, Any]) -> None:
    """With its body, the record that it answers with, and the problems that writes have."""
    one, every = OPENAPI["paths"][f"{resource.path}/{{id}}"], OPENAPI["paths"]
    thing = resource.public.__name__
    shapes = {"post": f"New{thing}", "put": f"{thing}Data", "patch": f"{thing}Patch"}
    bodies = {"post": every[resource.path]["post"], "put": one["put"], "patch": one["patch"]}
    for method, operation in bodies.items():
        (content,) = operation["requestBody"]["content"].values()
        assert content["schema"] == {"$ref": f"#/components/schemas/{shapes[method]}"}
        shape = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert shape == {"$ref": f"#/components/schemas/{thing}"}
    assert "requestBody" not in one["delete"]
    assert every[f"{resource.path}/{{id}}/restore"]["post"]["responses"]["200"]["content"]
    for operation in (*bodies.values(), one["delete"]):
        assert {"401", "403", "429", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"bearer": []}]


async def test_every_example_of_a_new_record_makes_one(own_client: AsyncClient, fresh: str) -> None:
    """As it stands in the OpenAPI, on the packaged data, one after the other."""
    own_client.headers["Authorization"] = f"Bearer {await make_key(fresh, Role.STEWARD)}"
    for resource in RESOURCES:
        (content,) = OPENAPI["paths"][resource.path]["post"]["requestBody"]["content"].values()
        strict = Draft202012Validator({**content["schema"], "components": OPENAPI["components"]})
        strict.validate(content["example"])
        made = await own_client.post(resource.path, json=content["example"])
        assert made.status_code == 201, (resource.name, made.text)


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize("path", LISTS)
async def test_every_record_answers_exactly_as_declared(client: AsyncClient, path: str, as_of: str) -> None:
    """Every list and every record of the packaged data, on every map."""
    answer = await client.get(path, params={"limit": 1000, "count": True, "as_of": as_of})
    assert answer.status_code == 200
    page = answer.json()
    validator(path).validate(page)
    assert page["total"] == len(page["items"])
    assert page["as_of"] == answer.headers["Broen-As-Of"] == as_of
    for item in page["items"][:25]:
        one = await client.get(f"{path}/{item['id']}", params={"as_of": as_of})
        validator(f"{path}/{{id}}").validate(one.json())
        assert one.json() == item, "a record is the same in a list and alone"


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize("path", ANSWERS)
async def test_every_insight_answers_exactly_as_declared(client: AsyncClient, path: str, as_of: str) -> None:
    """Of the packaged data, on every map."""
    asked = required(path) | {"as_of": as_of}
    answer = (await client.get(path, params=asked)).raise_for_status()
    validator(path).validate(answer.json())
    assert answer.json()["as_of"] == answer.headers["Broen-As-Of"] == as_of
    again = await client.get(path, params=asked, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1"])
async def test_what_the_service_says_of_itself_is_as_declared(client: AsyncClient, path: str) -> None:
    """Health and index."""
    answer = await client.get(path)
    assert answer.status_code == 200
    validator(path).validate(answer.json())


async def test_the_index_counts_what_there_is(client: AsyncClient) -> None:
    """Every resource is in the index, with the number of its records."""
    index = (await client.get("/v1")).json()
    assert [entry["href"] for entry in index["resources"]] == [resource.path for resource in RESOURCES]
    counts = {entry["name"]: entry["count"] for entry in index["resources"]}
    assert counts["municipalities"] == 98 + 33
    assert counts["regions"] == 5 + 1 + 1
    assert index["revision"] == 1
    fixed = {path for path in OPERATIONS if path.startswith("/v1/") and "{" not in path}
    fixed -= {f"{resource.path}/template" for resource in RESOURCES}
    assert {entry["href"] for entry in index["resources"] + index["insights"]} == fixed


def fields() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every shape."""
    for name, shape in OPENAPI["components"]["schemas"].items():
        for field, schema in shape.get("properties", {}).items():
            yield f"{name}.{field}", schema


def is_composed(schema: dict[str, Any]) -> bool:
    """Whether a field's examples are those of the shapes that it is made of."""
    return "$ref" in json.dumps(schema)


def test_every_field_is_described_with_an_example() -> None:
    """An integrator reads no other document."""
    assert [name for name, schema in fields() if not schema.get("description")] == []
    assert [name for name, schema in fields() if not is_composed(schema) and not schema.get("examples")] == []


def test_every_shape_is_described_and_every_value_explained() -> None:
    """What an enumeration's values mean stands where it is declared; names of fields and filters explain themselves."""
    of_names = {
        parameter["schema"].get("items", parameter["schema"]).get("$ref", "").rpartition("/")[2]
        for operation in OPERATIONS.values()
        for parameter in operation["parameters"]
        if parameter["name"] in ("unknown", "facet", "sort", "columns")
    }
    for name, shape in OPENAPI["components"]["schemas"].items():
        assert shape.get("description"), name
        for value in shape.get("enum", []):
            assert f"- `{value}`: " in shape["description"] or name in of_names, (name, value)


def test_every_enumeration_has_a_name_of_its_own() -> None:
    """Where there is none, each generator of clients makes one up."""
    for operation in EVERY:
        assert '"enum"' not in json.dumps(operation), operation["operationId"]
    for name, shape in OPENAPI["components"]["schemas"].items():
        assert '"enum"' not in json.dumps(shape.get("properties", {})), name


def test_every_field_is_always_there() -> None:
    """Null is stated: what a shape has is required, and nothing else comes; in a body, what may be null may lack."""
    for name, shape in OPENAPI["components"]["schemas"].items():
        if "properties" not in shape:
            continue
        lacking = set(shape["properties"]) - set(shape.get("required", ()))
        assert lacking == set() or name.startswith("New") or name.endswith(("Data", "Patch")), name
        assert shape["additionalProperties"] is False, name


def test_every_parameter_is_described_with_an_example_that_works() -> None:
    """An example of a parameter meets its own schema."""
    for operation in EVERY:
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (operation["operationId"], parameter["name"])
            if parameter["name"] != "cursor":
                schema = parameter["schema"] | {"components": OPENAPI["components"]}
                (example,) = parameter["schema"]["examples"]
                Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)


@pytest.mark.parametrize("path", [*LISTS, *ANSWERS])
async def test_every_example_of_a_filter_can_be_asked(client: AsyncClient, path: str) -> None:
    """The example of each parameter, sent as it stands, gives an answer and no error."""
    as_table = {"columns", "lang", "bom"}
    for parameter in OPERATIONS[path]["parameters"]:
        if parameter["in"] == "query" and parameter["name"] != "cursor":
            in_table = parameter["name"] in as_table
            asked = required(path) | ({"format": "csv"} if in_table else {})
            answer = await client.get(path, params=asked | {parameter["name"]: parameter["schema"]["examples"][0]})
            assert answer.status_code == 200, (parameter["name"], answer.text)


@pytest.mark.parametrize("path", OPERATIONS)
async def test_every_declared_error_is_sent_as_declared(client: AsyncClient, path: str) -> None:
    """Unknown parameters: 400; unknown ids: 404; both as problems."""
    asked = required(path)
    bad = await client.get(filled(path), params={**asked, "colour": "blue"})
    assert (bad.status_code, bad.headers["Content-Type"]) == (400, "application/problem+json")
    validator(path, 400).validate(bad.json())
    assert bad.json()["errors"][0]["parameter"] == "colour"
    assert bad.json()["request_id"] == bad.headers["X-Request-ID"]
    if "{id}" in path:
        unknown = await client.get(path.replace("{id}", "nobody-has-this"), params=asked)
        assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "application/problem+json")
        validator(path, 404).validate(unknown.json())
        malformed = await client.get(path.replace("{id}", "Nobody_Has_This"), params=asked)
        assert malformed.status_code == 400
        assert malformed.json()["errors"][0]["parameter"] == "id"


@pytest.mark.parametrize("path", LISTS)
async def test_every_answer_can_be_kept(client: AsyncClient, path: str) -> None:
    """An ETag gives a 304 without a body; HEAD gives the headers of a GET."""
    first = (await client.get(path)).json()["items"][0]["id"]
    for url in (path, f"{path}/{first}"):
        answer = await client.get(url)
        tag = answer.headers["ETag"]
        assert answer.headers["Cache-Control"] == "public, no-cache"
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await client.get(url, headers={"If-None-Match": held})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
            assert "Content-Length" not in again.headers
        assert (await client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
        head = await client.head(url)
        assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", tag)
        assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    version = answer.json()["version"]
    assert tag.startswith(f'"{version}.'), "a record's tag begins with its version"


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[tuple[AsyncClient, list[str]]]:
    """A client, and every statement that its requests send to the database."""
    async with counting(settings) as counted:
        yield counted


@pytest.mark.parametrize("path", [path for path in OPERATIONS if path not in WITHOUT_DATABASE])
async def test_every_get_is_one_statement(counted: tuple[AsyncClient, list[str]], path: str) -> None:
    """However many records, references and parts an answer carries."""
    client, statements = counted
    parameters = {p["name"]: p["schema"] for p in OPERATIONS[path].get("parameters", [])}
    target = filled(path)
    if "{id}" in path:
        target = filled(path, (await client.get(path.split("/{id}", maxsplit=1)[0])).json()["items"][0]["id"])
    statements.clear()
    most = {"limit": parameters.get("limit", {}).get("maximum"), "count": True}
    asked = required(path) | {name: value for name, value in most.items() if name in parameters}
    assert (await client.get(target, params=asked)).status_code == 200
    assert len(statements) == 1


async def test_cors_is_open_for_reading(client: AsyncClient) -> None:
    """A page from anywhere may read, and see the headers that matter."""
    answer = await client.get("/v1/regions", headers={"Origin": "https://example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_page_from_elsewhere_may_send_what_it_holds(client: AsyncClient) -> None:
    """A browser asks beforehand whether it may send If-None-Match."""
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match,x-request-id"}
    answer = await client.options("/v1/regions", headers={"Origin": "https://example.org", **asked})
    assert answer.status_code == 200
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_page_from_elsewhere_may_write_with_a_token(client: AsyncClient, method: str) -> None:
    """With every header that writes take, never with a cookie; and it may see what they answer with."""
    sent = "authorization,broen-note,content-type,idempotency-key,if-match,if-none-match"
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": sent}
    answer = await client.options("/v1/regions", headers={"Origin": "https://example.org", **asked})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert set(sent.split(",")) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers
    shown = (await client.get("/v1/me", headers={"Origin": "https://example.org"})).headers
    assert {"Location", "WWW-Authenticate", "Retry-After"} <= set(shown["Access-Control-Expose-Headers"].split(", "))


async def test_other_methods_are_refused_with_those_that_are_possible(client: AsyncClient) -> None:
    """405 as a problem, with Allow."""
    every = {
        "/v1/coverage": "GET, HEAD",
        "/v1/regions": "GET, HEAD, POST",
        "/v1/regions/dk-1085": "DELETE, GET, HEAD, PATCH, PUT",
        "/v1/regions/dk-1085/restore": "POST",
    }
    for path, allowed in every.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allowed.split(", ")):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
            assert answer.json()["detail"] == f"{method} is not possible here."


async def test_an_unknown_path_is_a_problem(client: AsyncClient) -> None:
    """404 with where to begin; no path ends with a slash; the root leads to the reference."""
    answer = await client.get("/v1/hospitals")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert "/v1 lists" in answer.json()["detail"]
    assert "no path ends with a slash" in (await client.get("/v1/regions/")).json()["detail"]
    assert (await client.get("/")).headers["Location"] == "/docs"


async def test_under_a_path_of_a_proxy_the_docs_find_their_files(settings: Settings) -> None:
    """With BROEN_ROOT_PATH, the reference asks for its files below it, and for nothing elsewhere."""
    async with serving(settings.model_copy(update={"root_path": "/broen"})) as client:
        page = (await client.get("/docs")).text
        index = (await client.get("/v1")).json()
        following = (await client.get("/v1/regions?limit=1")).headers["Link"]
    assert index["docs"] == "/broen/docs"
    assert index["resources"][0]["href"].startswith("/broen/v1/")
    assert "</broen/v1/regions?limit=1&cursor=" in following
    assert "</broen/v1/regions?limit=1&as_of=" in following
    assert "/broen/assets/swagger-ui-bundle.js" in page
    assert "/broen/openapi.json" in page
    assert "https://" not in page
