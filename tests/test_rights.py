"""Who may write: every write of the OpenAPI, by every kind of caller, to records of his own, of others, of nobody."""

from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from app.auth import Role
from app.resources import RESOURCES
from app.rest.resource import Resource
from app.settings import Settings
from tests.conftest import make_key
from tests.test_contract import OPENAPI
from tests.test_writes import PATCH, signed_in, stored

WRITES: Final = {
    (method.upper(), path) for path, methods in OPENAPI["paths"].items() for method in methods if method != "get"
}
OWN: Final = "region-sjaelland"
FOREIGN: Final = "lolland-kommune"
ANY: Final = {"If-Match": "*"}


def writes_of(kind: Resource[Any, Any]) -> set[tuple[str, str]]:
    """What can be done to the records of a resource."""
    one = f"{kind.path}/{{id}}"
    return {("POST", kind.path), ("PUT", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/restore")}


def test_nothing_else_is_written() -> None:
    """What the other test asks is all that there is, but for imports, which have tests of their own."""
    assert set().union(*map(writes_of, RESOURCES)) | {("POST", "/v1/imports")} == WRITES


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)
async def test_every_write_is_for_those_who_may(fresh: str, settings: Settings, kind: Resource[Any, Any]) -> None:
    """As a trial, so that each caller finds the same records: one that is there, one that was deleted."""
    body = {**await stored(fresh, kind), "owner": OWN}
    body.pop("id", None)
    editor, other = await make_key(fresh, Role.EDITOR, OWN), await make_key(fresh, Role.EDITOR, FOREIGN)
    admin, steward = await make_key(fresh, Role.ADMIN), await make_key(fresh, Role.STEWARD)
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        gone = (await client.post(kind.path, json=body)).raise_for_status().headers["Location"]
        (await client.delete(gone, headers=ANY)).raise_for_status()
        another = body | ({"date": {"edtf": "1998"}} if kind.name == "measurements" else {})  # one a day
        there = (await client.post(kind.path, json=another)).raise_for_status().headers["Location"]
        unowned = f"{kind.path}/{kind.example}"
        del client.headers["Authorization"]
        for method, path in sorted(writes_of(kind)):
            address = path.replace("{id}", (gone if path.endswith("/restore") else there).rpartition("/")[2])
            asked = (client, method, address, body)
            assert (await write(*asked, None)).status_code == 401
            assert (await write(*asked, editor[:-8] + "0" * 8)).status_code == 401
            assert (await write(*asked, other)).status_code == 403
            if method in ("PUT", "PATCH", "DELETE"):
                assert (await write(client, method, unowned, body, editor)).status_code == 403
            for may in (editor, steward, admin):
                answer = await write(*asked, may)
                assert answer.status_code in (200, 204), (method, path, answer.text)


async def write(client: AsyncClient, method: str, path: str, body: dict[str, Any], key: str | None) -> Response:
    """Try a write with a key, or without one."""
    signed = {"Authorization": f"Bearer {key}"} if key else {}
    media_type = PATCH if method == "PATCH" else {"Content-Type": "application/json"}
    sent = {} if method == "PATCH" else body
    conditional = {} if method == "POST" else ANY
    return await client.request(
        method, path, params={"dry_run": True}, json=sent, headers=media_type | conditional | signed
    )
