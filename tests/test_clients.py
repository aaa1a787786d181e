"""Clients as others generate them from the OpenAPI: without a warning, typed to the last field, asking everything."""

import asyncio
import builtins
import json
import keyword
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from app.auth import Role
from app.data import packaged
from app.resources import RESOURCES
from app.rest.merging import merged
from tests.conftest import Databases, make_key
from tests.test_service import service

TOOLS: Final = Path(sys.prefix) / "clients"
"""Where `make test` puts Node and the generators."""
GOLDEN: Final = Path(__file__).with_name("openapi.json")
PATHS: Final[dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8"))["paths"]
READS: Final = {path: methods["get"] for path, methods in PATHS.items() if "get" in methods}
EXPECTED: Final = {"create": (200,), "replace": (200,), "patch": (200,), "delete": (204, 409), "restore": (409,)}
"""What a trial of each write may answer: nothing is deleted that others refer to, nor restored that is there."""
OTHER_THAN_JSON: Final = {
    "stream_changes": "it does not end; a browser has EventSource for it",
    "get_snapshot": "it is as long as the register, and read line by line",
    **{f"{r.name.replace('/', '_').replace('-', '_')}_template": "a template is a file" for r in RESOURCES},
}
"""The operations that a client of JSON cannot ask, each with the reason."""
README: Final = GOLDEN.parent.with_name("README.md").read_text("utf-8").split("## Clients")[1].split("\n## ")[0]

BEGIN_TYPESCRIPT: Final = """
import createClient from "openapi-fetch";
import type { components, paths } from "./broen";

type Json = "application/json" | "application/problem+json";
const headers = { Authorization: "Bearer brn_" };
const broen = createClient<paths, Json>({ baseUrl: "http://127.0.0.1:8000", headers });
"""
ASK_TYPESCRIPT: Final = """
type Problem = components["schemas"]["Problem"];

function written(operation: string, expected: number[], { error, response }: { error?: Problem; response: Response }) {
  if (!expected.includes(response.status)) throw new Error(`${operation}: ${error?.detail}`);
  console.log(operation);
}

function answered<T>(operation: string, { data, error, response }: { data?: T; error?: Problem; response: Response }) {
  if (response.status !== 200 || data === undefined) throw new Error(`${operation}: ${error?.detail}`);
  console.log(operation);
}
"""
WRONG_TYPESCRIPT: Final = """
await broen.GET("/v1/hospitals"); // TS2554
await broen.GET("/v1/regions", { params: { query: { colour: "blue" } } }); // TS2353
await broen.GET("/v1/regions", { params: { query: { sort: "colour" } } }); // TS2322
await broen.GET("/v1/regions", { params: { query: { limit: "all" } } }); // TS2322
await broen.GET("/v1/regions/{id}"); // TS2554
const { data, error } = await broen.GET("/v1/regions/{id}", { params: { path: { id: "dk-1084" } } });
console.log(data.name); // TS18048
if (error) console.log(error.reason); // TS2339
else console.log(data.colour, data.period.start.length); // TS2339 TS18047
export const currency: components["schemas"]["Currency"] = "USD"; // TS2322
"""

BEGIN_PYTHON: Final = """
import datetime
import json
from typing import Any

from broen_client import AuthenticatedClient, models
from broen_client.types import Response

broen = AuthenticatedClient(
    base_url="http://127.0.0.1:8000", token="brn_", raise_on_unexpected_status=True, httpx_args={"trust_env": False}
)
"""
ASK_PYTHON: Final = """
def same(read: Any, sent: Any) -> bool:
    match read:
        case dict():
            return read.keys() == sent.keys() and all(same(value, sent[name]) for name, value in read.items())
        case list():
            return len(read) == len(sent) and all(map(same, read, sent))
        case str() if read != sent:
            return datetime.datetime.fromisoformat(read) == datetime.datetime.fromisoformat(sent)
    return bool(read == sent)


def written(operation: str, expected: tuple[int, ...], answer: Response[Any]) -> None:
    assert answer.status_code in expected, (operation, answer.content)
    print(operation)


def answered(operation: str, answer: Response[Any]) -> None:
    assert answer.status_code == 200 and answer.parsed, (operation, answer.content)
    assert same(answer.parsed.to_dict(), json.loads(answer.content)), operation
    print(operation)
"""
WRONG_PYTHON: Final = """
from broen_client.api.hospitals import list_hospitals  # import-not-found
from broen_client.api.regions import get_region, list_regions
list_regions.sync(client=broen, colour="blue")  # call-arg
list_regions.sync(client=broen, sort="name")  # arg-type
list_regions.sync(client=broen, as_of="2027-01-01")  # arg-type
get_region.sync(client=broen)  # call-arg
region = get_region.sync("dk-1084", client=broen)
assert isinstance(region, models.Region)
print(region.colour, region.period.start.year)  # attr-defined union-attr
print(models.Currency.USD)  # attr-defined
"""
MYPY: Final = """
[mypy]
strict = true
[mypy-broen_client.client]
# What it hands on to httpx is the generator's own text, whatever the OpenAPI says.
disable_error_code = arg-type
"""


OF_FILES: Final = ("format", "columns", "lang", "bom")
"""The parameters of whole lists in other formats than JSON, which are files to these clients."""


class Call(NamedTuple):
    """A request: an operation, and the parameters that it is asked with, by their examples."""

    path: str
    operation: dict[str, Any]
    parameters: list[dict[str, Any]]


def calls() -> Iterator[Call]:
    """Every JSON operation with what it needs, and with each of its other parameters."""
    for path, operation in READS.items():
        if "application/json" in operation["responses"]["200"]["content"]:
            needed = [p for p in operation["parameters"] if p["required"]]
            yield Call(path, operation, needed)
            for parameter in operation["parameters"]:
                asked = parameter["name"] not in OF_FILES or (parameter["name"] == "lang" and "/findings" in path)
                if asked and not parameter["required"] and "examples" in parameter["schema"]:
                    yield Call(path, operation, [*needed, parameter])


class Write(NamedTuple):
    """A trial of a write: an operation, and the body that it is sent with, if it takes one."""

    method: str
    path: str
    operation: dict[str, Any]
    body: Any

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """What it is asked with, by where it stands; any version will do."""
        given: dict[str, dict[str, Any]] = {"query": {"dry_run": True}}
        for parameter in self.operation["parameters"]:
            if parameter["in"] == "path" or parameter["name"] == "If-Match":
                value = "*" if parameter["in"] == "header" else parameter["schema"]["examples"][0]
                given.setdefault(parameter["in"], {})[parameter["name"]] = value
        return given

    @property
    def expected(self) -> tuple[int, ...]:
        """What it may answer."""
        return EXPECTED[self.operation["operationId"].partition("_")[0]]


def writes() -> Iterator[Write]:
    """Every write of every resource, with a packaged record that has as much in it as there is."""
    for resource in RESOURCES:
        texts = {id: json.dumps(merged(data, {}), default=plain) for its, id, data in packaged() if its is resource}
        most, own = json.loads(max(texts.values(), key=len)), json.loads(texts[resource.example])
        if "indicator" in most:  # of which there is one measurement of each time
            most["date"] = {"edtf": "1999"}
        bodies = {"post": most, "put": own, "patch": {"sources": own["sources"]}}
        for path in (resource.path, f"{resource.path}/{{id}}", f"{resource.path}/{{id}}/restore"):
            for method, operation in PATHS[path].items():
                if method != "get":
                    yield Write(
                        method.upper(), path, operation, bodies.get(method) if "requestBody" in operation else None
                    )


def plain(value: Any) -> float | str:
    """A number or a day as JSON has it."""
    return float(value) if isinstance(value, Decimal) else str(value)


OPERATIONS: Final = {call.operation["operationId"] for call in calls()}
WRITES: Final = {write.operation["operationId"] for write in writes()}


def write_in_typescript(write: Write) -> str:
    """The write with `openapi-fetch`, its body checked against its type to the last field."""
    asked: dict[str, Any] = {"params": write.parameters}
    if write.body is not None:
        (kind,) = write.operation["requestBody"]["content"]
        asked |= {"body": write.body, "headers": {"Content-Type": kind}}
    sent = f"broen.{write.method}({json.dumps(write.path)}, {json.dumps(asked)})"
    return f"written({json.dumps(write.operation['operationId'])}, {list(write.expected)}, await {sent});\n"


def write_in_python(write: Write) -> str:
    """The write with the client that `openapi-python-client` makes."""
    name, tag = write.operation["operationId"], write.operation["tags"][0].replace(" ", "_")
    given = [f"{named(n)}={value!r}" for values in write.parameters.values() for n, value in values.items()]
    if write.body is not None:
        (content,) = write.operation["requestBody"]["content"].values()
        given.append(f"body=models.{content['schema']['$ref'].rpartition('/')[2]}.from_dict({write.body!r})")
    asked = f"{name}.sync_detailed({', '.join(['client=broen', *given])})"
    return f"from broen_client.api.{tag} import {name}\nwritten({name!r}, {write.expected}, {asked})\n"


def in_typescript(call: Call) -> str:
    """The request with `openapi-fetch`."""
    params: dict[str, dict[str, Any]] = {}
    for parameter in call.parameters:
        params.setdefault(parameter["in"], {})[parameter["name"]] = parameter["schema"]["examples"][0]
    asked = f"broen.GET({json.dumps(call.path)}, {json.dumps({'params': params})})"
    return f"answered({json.dumps(call.operation['operationId'])}, await {asked});\n"


def in_python(call: Call) -> str:
    """The request with the client that `openapi-python-client` makes."""
    name, tag = call.operation["operationId"], call.operation["tags"][0].replace(" ", "_")
    given = [f"{named(p['name'])}={python(p['schema'], p['schema']['examples'][0])}" for p in call.parameters]
    asked = f"{name}.sync_detailed({', '.join(['client=broen', *given])})"
    return f"from broen_client.api.{tag} import {name}\nanswered({name!r}, {asked})\n"


def named(parameter: str) -> str:
    """What the generator calls a parameter in Python."""
    name = parameter.lower().replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) or (name in dir(builtins) and name != "id") else name


def python(schema: dict[str, Any], value: Any) -> str:
    """A value of a schema as Python, typed."""
    if "$ref" in schema:
        return f"models.{schema['$ref'].rpartition('/')[2]}({value!r})"
    if "items" in schema:
        return f"[{', '.join(python(schema['items'], item) for item in value)}]"
    kinds = {"date": "date", "date-time": "datetime"}
    kind = kinds.get(schema.get("format", ""))
    return f"datetime.{kind}.fromisoformat({value!r})" if kind else repr(value)


@pytest.fixture(scope="module")
def here(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What programs have to ask instead of what they say: the address of a running service, and a key to it."""
    log = tmp_path_factory.mktemp("service") / "log"
    with databases() as register, service(log, database_url=register) as running:
        key = asyncio.run(make_key(register, Role.STEWARD))
        yield {"http://127.0.0.1:8000": f"http://127.0.0.1:{running.port}", "brn_": key}


def run(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Run one of the tools, in a folder."""
    assert TOOLS.is_dir(), "`make test` installs what generated clients need, or `make .venv/clients.done` alone"
    found = {**os.environ, "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    whole = [str(part) for part in command]
    return subprocess.run(whole, cwd=folder, env=found, capture_output=True, text=True, check=False, timeout=300)


def output(folder: Path, *command: object) -> str:
    """All that one of the tools says, which must succeed."""
    ran = run(folder, *command)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def write(folder: Path, here: dict[str, str], **files: str) -> None:
    """Write programs that ask the service."""
    for name, text in files.items():
        for said, meant in here.items():
            text = text.replace(said, meant)  # noqa: PLW2901 - one after the other
        (folder / name.replace("_", ".")).write_text(text, "utf-8")


def marked(text: str, comment: str) -> set[tuple[int, str]]:
    """The lines of a wrong program, with the errors that they say they have."""
    lines = enumerate(text.splitlines(), 1)
    return {(n, error) for n, line in lines for error in line.partition(f" {comment} ")[2].split()}


def example(language: str) -> str:
    """The program that the README shows."""
    (program,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(program)


def test_no_operation_is_left_out_without_a_reason() -> None:
    """Whatever is not JSON is known to be so."""
    everything = {operation["operationId"] for operation in READS.values()}
    assert everything - OPERATIONS == set(OTHER_THAN_JSON)
    every = {operation["operationId"] for methods in PATHS.values() for operation in methods.values()}
    assert every - everything - {"import_records"} == WRITES, "an import takes a file"


def test_a_typescript_client_knows_every_field_and_asks_everything(tmp_path: Path, here: dict[str, str]) -> None:
    """Generated and compiled strictly, with wrong programs refused; Node then asks every operation of the service."""
    modules = TOOLS / "node_modules"
    said = output(tmp_path, "node", modules / "openapi-typescript/bin/cli.js", GOLDEN, "--output", "broen.d.ts")
    assert len(said.splitlines()) == 2, f"nothing but its name and what it wrote: {said}"
    (tmp_path / "node_modules").symlink_to(modules)
    wrong = BEGIN_TYPESCRIPT + WRONG_TYPESCRIPT
    asked = BEGIN_TYPESCRIPT + ASK_TYPESCRIPT + "".join(map(in_typescript, calls()))
    asked += "".join(map(write_in_typescript, writes()))
    write(tmp_path, here, wrong_mts=wrong, asked_mts=asked, readme_mts=example("ts"))
    strictly = "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --verbatimModuleSyntax --noEmit"
    # What the compiler brings itself is not looked through; what was generated is.
    newest = "--skipDefaultLibCheck --target es2023 --lib es2023,dom --module esnext --moduleResolution bundler"
    compiler = ["node", modules / "typescript/bin/tsc", *strictly.split(), *newest.split()]
    compiled = run(tmp_path, *compiler, *tmp_path.glob("*.mts"))
    errors = re.findall(r"^(\w+)\.mts\((\d+),\d+\): error (TS\d+)", compiled.stdout, re.MULTILINE)
    assert {(f, int(n), e) for f, n, e in errors} == {("wrong", n, e) for n, e in marked(wrong, "//")}, compiled.stdout
    assert set(output(tmp_path, "node", "asked.mts").split()) == OPERATIONS | WRITES
    assert output(tmp_path, "node", "readme.mts").splitlines()[0] in README


def test_a_python_client_knows_every_field_and_asks_everything(tmp_path: Path, here: dict[str, str]) -> None:
    """Generated and type-checked strictly, with wrong programs refused; all that it reads is what was sent."""
    write(tmp_path, here, config_json='{"package_name_override": "broen_client"}')
    target = ["--meta", "none", "--output-path", tmp_path / "broen_client", "--config", tmp_path / "config.json"]
    said = output(tmp_path, "openapi-python-client", "generate", "--path", GOLDEN, *target)
    assert re.findall("WARNING parsing (.*) within", said) == ["POST /v1/imports"], "it takes a file"
    wrong = BEGIN_PYTHON + WRONG_PYTHON
    asked = BEGIN_PYTHON + ASK_PYTHON + "".join(map(in_python, calls()))
    asked += "".join(map(write_in_python, writes()))
    write(tmp_path, here, wrong_py=wrong, asked_py=asked, readme_py=example("python"), mypy_ini=MYPY)
    checker = [sys.executable, "-m", "mypy", f"--python-executable={TOOLS}/bin/python", "--cache-dir=types"]
    checked = run(tmp_path, *checker, "broen_client", "wrong.py", "asked.py", "readme.py")
    errors = re.findall(r"^(\S+)\.py:(\d+): error: .*\[([\w-]+)\]$", checked.stdout, re.MULTILINE)
    assert {(f, int(n), e) for f, n, e in errors} == {("wrong", n, e) for n, e in marked(wrong, "#")}, checked.stdout
    assert set(output(tmp_path, "python", "asked.py").split()) == OPERATIONS | WRITES
    assert output(tmp_path, "python", "readme.py").splitlines()[0] in README
