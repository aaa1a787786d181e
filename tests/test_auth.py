"""Who calls, by API keys: what counts, what does not, and what each may write."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.auth import MaybeSignedIn, Role, SignedIn
from app.main import create_api, front
from app.settings import Settings
from tests.conftest import make_key


@pytest.fixture
async def gate(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of the application, with routes that tell who calls."""
    api: FastAPI = create_api(settings.model_copy(update={"database_url": fresh}))

    @api.post("/writes")
    async def writes(caller: SignedIn) -> str:
        return caller.name

    @api.get("/reads")
    async def reads(caller: MaybeSignedIn) -> str | None:
        return caller.name if caller else None

    transport = ASGITransport(front(api), raise_app_exceptions=False)
    async with api.router.lifespan_context(api), AsyncClient(transport=transport, base_url="http://broen") as client:
        yield client


async def test_a_key_tells_who_writes(gate: AsyncClient, fresh: str) -> None:
    """By its prefix and its label."""
    key = await make_key(fresh, Role.EDITOR, "region-sjaelland")
    held = {"Authorization": f"Bearer {key}"}
    assert (await gate.post("/writes", headers=held)).json() == f"key:{key[:12]} Prøve"
    assert (await gate.get("/reads", headers=held)).json() == f"key:{key[:12]} Prøve"
    assert (await gate.get("/reads")).json() is None
    none = await gate.post("/writes")
    assert (none.status_code, none.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Broen"')
    bad = await gate.get("/reads", headers={"Authorization": f"Bearer {key[:-1]}x"})
    assert (bad.status_code, bad.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Broen", error="invalid_token"')
