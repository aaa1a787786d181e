"""Who calls by API keys, what each may write, how often, and who is told."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select
from structlog.stdlib import get_logger

from app.auth import Caller, MaybeSignedIn, Role, SignedIn
from app.auth.gate import network
from app.db import create_engine
from app.errors import Forbidden
from app.log import configure
from app.main import create_api, front
from app.resources.organisations import organisations
from app.rest.changes import REGISTER, RevisionRow, author, viewing
from app.rest.writing import Writer
from app.settings import Settings
from tests.conftest import execute, make_key, rows, value
from tests.issuer import AUDIENCE, issuing
from tests.test_contract import OPENAPI
from tests.test_service import free_port, service
from tests.test_writing import organisation

ADMIN: Final = Caller("key:brn_00000000 Administrator", Role.ADMIN)
STEWARD: Final = Caller("oidc:login.example.org:7", Role.STEWARD)
SJAELLAND: Final = Caller("key:brn_11111111 Sekretariat", Role.EDITOR, frozenset({"region-sjaelland"}))
SEVERAL: Final = Caller("key:brn_22222222 Fælles", Role.EDITOR, frozenset({"faxe-kommune", "region-sjaelland"}))
LOLLAND: Final = Caller("key:brn_33333333 Lolland", Role.EDITOR, frozenset({"lolland-kommune"}))


def writing(settings: Settings) -> FastAPI:
    """The application, with routes that need what real ones need, and write nothing."""
    api: FastAPI = create_api(settings)

    @api.post("/writes")
    async def writes(caller: SignedIn) -> str:
        return caller.name

    @api.get("/reads")
    async def reads(caller: MaybeSignedIn) -> str | None:
        return caller.name if caller else None

    @api.get("/fails")
    async def fails(q: str) -> str:
        raise RuntimeError(f"It had {q} at hand")

    return api


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of that application."""
    api = writing(settings)
    transport = ASGITransport(front(api), raise_app_exceptions=False)
    async with api.router.lifespan_context(api), AsyncClient(transport=transport, base_url="http://broen") as client:
        yield client


@pytest.fixture
def own(fresh: str, settings: Settings) -> Settings:
    """The settings of a register of one's own."""
    return settings.model_copy(update={"database_url": fresh})


@pytest.fixture
async def gate(own: Settings) -> AsyncIterator[AsyncClient]:
    """A client of the application on it."""
    async with asking(own) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    """The header that a token is sent in."""
    return {"Authorization": f"Bearer {token}"}


def assert_refused(answer: Response, says: str = "", *, given: bool = True) -> None:
    """That somebody was not let in."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json"), answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Broen"' + (', error="invalid_token"' if given else "")
    assert says in answer.json()["detail"]


async def test_a_key_tells_who_writes(gate: AsyncClient, fresh: str) -> None:
    """By its prefix and its label; without a key one may read, and with a wrong one not even that."""
    key = await make_key(fresh, Role.EDITOR, "region-sjaelland", label="Sundhedssekretariatet")
    name = f"key:{key[:12]} Sundhedssekretariatet"
    assert (await gate.post("/writes", headers=bearer(key))).json() == name
    assert (await gate.get("/reads", headers={"Authorization": f"bearer  {key} "})).json() == name
    assert (await gate.get("/reads")).json() is None
    for answer in (await gate.post("/writes"), await gate.get("/v1/me")):
        assert_refused(answer, "bearer token", given=False)
    me = await gate.get("/v1/me", headers=bearer(key))
    assert me.headers["Cache-Control"] == "no-store"
    assert me.json() == {
        "name": name,
        "role": "editor",
        "organisations": [{"id": "region-sjaelland", "name": "Region Sjælland"}],
        "expires_at": None,
    }


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer x",
        "Bearer {key}x",
        "Bearer {key} {key}",
        "Bearer {key},",
        "{key}",
        "Bearer {KEY}",
        "Bearer {key[:12]}",
        "Bearer {key[:12]}_",
        "Bearer {other}",
        "Bearer brn_\xe6",
        "Bearer " + "x" * 100_000,
    ],
)
async def test_what_is_no_key_is_refused(gate: AsyncClient, fresh: str, header: str) -> None:
    """Cut, too long, in capitals, another scheme, the prefix of one key with the secret of another."""
    key, second = await make_key(fresh, Role.ADMIN), await make_key(fresh, Role.ADMIN)
    filled = header.replace("{key[:12]}", key[:12]).replace("{other}", key[:12] + second[12:])
    sent = filled.replace("{key}", key).replace("{KEY}", key.upper()).encode("latin-1")
    for path in ("/reads", "/v1/me"):
        assert_refused(await gate.get(path, headers=[(b"Authorization", sent)]))
    twice = [("Authorization", f"Bearer {key}")] * 2
    assert_refused(await gate.get("/reads", headers=twice), "once")


async def test_a_key_that_expired_or_was_revoked_counts_no_more(gate: AsyncClient, fresh: str) -> None:
    """From the next request on; who holds it is told which of the two."""
    key = await make_key(fresh, Role.STEWARD)
    assert (await gate.get("/v1/me", headers=bearer(key))).status_code == 200
    await execute(fresh, "update api_key set expires_at = now() + interval '1 hour'")
    assert (await gate.get("/v1/me", headers=bearer(key))).json()["expires_at"] is not None
    await execute(fresh, "update api_key set expires_at = now()")
    assert_refused(await gate.get("/reads", headers=bearer(key)), f"The key {key[:12]} has expired")
    await execute(fresh, "update api_key set revoked_at = now()")
    assert_refused(await gate.get("/reads", headers=bearer(key)), f"The key {key[:12]} has been revoked")


async def test_when_a_key_was_last_used_is_noted_once_a_minute(gate: AsyncClient, fresh: str) -> None:
    """However many use it at once; a key that does not count is not in use."""
    key, unused = await make_key(fresh, Role.ADMIN), await make_key(fresh, Role.ADMIN)
    await execute(fresh, f"update api_key set revoked_at = now() where prefix = '{unused[:12]}'")
    seen = set()
    for _ in range(2):
        answers = await asyncio.gather(*(gate.get("/reads", headers=bearer(key)) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        await gate.get("/reads", headers=bearer(unused))
        seen |= set(await rows(fresh, "select prefix, xmin::text from api_key where last_used_at is not null"))
    assert [prefix for prefix, *_ in seen] == [key[:12]]
    await execute(fresh, "update api_key set last_used_at = now() - interval '61 seconds'")
    await gate.get("/reads", headers=bearer(key))
    recently = f"select last_used_at > now() - interval '5 seconds' from api_key where prefix = '{key[:12]}'"
    assert await value(fresh, recently)


async def test_the_secret_is_nowhere_in_the_database(fresh: str) -> None:
    """Whoever reads the table can't write with it."""
    key = await make_key(fresh, Role.ADMIN)
    ((row,),) = await rows(fresh, "select to_jsonb(api_key)::text from api_key")
    assert key[:12] in row
    assert key[13:] not in row


def test_who_may_write_what() -> None:
    """An editor what his organisations own, the others everything; whoever may not is told what would do."""
    owners = ("region-sjaelland", "faxe-kommune", "lolland-kommune", None)
    may = {caller: [owner for owner in owners if caller.may_write(owner)] for caller in (ADMIN, STEWARD, SEVERAL)}
    assert may == {ADMIN: list(owners), STEWARD: list(owners), SEVERAL: ["region-sjaelland", "faxe-kommune"]}
    SEVERAL.check_may_write("faxe-kommune")
    with pytest.raises(Forbidden) as told:
        SEVERAL.check_may_write("lolland-kommune")
    assert str(told.value) == (
        "To write a record of lolland-kommune, be an editor for lolland-kommune, a steward or an admin; "
        "you are an editor for faxe-kommune, region-sjaelland."
    )
    with pytest.raises(Forbidden, match="without an owner, be a steward or an admin; you are an editor for no"):
        Caller("oidc:x:y", Role.EDITOR).check_may_write(None)


async def test_writes_are_limited_for_each_caller_over_all_workers(own: Settings, fresh: str) -> None:
    """Two applications on one database count together; another caller is not held up, nor is a read."""
    key, other = await make_key(fresh, Role.ADMIN), await make_key(fresh, Role.ADMIN)
    few = own.model_copy(update={"writes_per_minute": 6})
    async with asking(few) as one, asking(few) as two:
        answers = await asyncio.gather(*(c.post("/writes", headers=bearer(key)) for c in (one, two) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200] * 6 + [429] * 4
        refused = await one.post("/writes", headers=bearer(key))
        assert (refused.headers["Content-Type"], refused.headers["Retry-After"]) == ("application/problem+json", "10")
        assert refused.json()["detail"] == "A caller may make 6 writes a minute."
        assert (await two.get("/v1/me", headers=bearer(key))).status_code == 200
        assert (await two.post("/writes", headers=bearer(other))).status_code == 200
        await execute(fresh, "update allowance set empty_at = empty_at - interval '10 seconds'")
        after = [(await two.post("/writes", headers=bearer(key))).status_code for _ in range(2)]
        assert after == [200, 429], "after as long as Retry-After says, there is room for one"


async def test_buckets_that_are_empty_are_forgotten(own: Settings, fresh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table does not grow with everybody who ever came."""
    await execute(fresh, "insert into allowance select 'x' || n, now() from generate_series(1, 50) n")
    monkeypatch.setattr("app.auth.limits.MINUTE", -1.0)
    async with asking(own) as client:
        assert_refused(await client.get("/reads", headers=bearer("x")))
    assert await value(fresh, "select count(*) from allowance where name like 'x%'") == 0


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
        ("x\x00" * 500, "x?" * 50),
        ("", ""),
    ],
)
def test_whose_an_address_is(address: str, whose: str) -> None:
    """In IPv6 a whole network is one client's; what a proxy passed on unseen is bounded, and can be stored."""
    assert network(address) == whose


async def test_a_database_that_is_away_lets_nobody_in(settings: Settings) -> None:
    """503 with Retry-After for every token, right or wrong."""
    away = settings.model_copy(update={"database_url": f"postgresql://nobody@127.0.0.1:{free_port()}/none"})
    async with asking(away) as client:
        for token in ("x", "brn_00000000_" + "0" * 64):
            answer = await client.post("/writes", headers=bearer(token))
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert_refused(await client.post("/writes"), given=False)


async def test_connections_that_die_unnoticed_let_callers_in_all_the_same(gate: AsyncClient, fresh: str) -> None:
    """As reads are answered."""
    key = await make_key(fresh, Role.ADMIN)
    query = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'broen signs in'"
    for _ in range(2):
        answers = await asyncio.gather(*(gate.post("/writes", headers=bearer(key)) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        await execute(fresh, f"{query} and datname = current_database()")


async def test_who_made_a_revision_is_told_to_whom_it_concerns(fresh: str, writer: Writer) -> None:
    """Names to who keeps the same records, and to who keeps all; to all others the organisations alone."""
    callers: list[str | Caller] = [SJAELLAND, SEVERAL, LOLLAND, STEWARD, "et program"]
    for n, caller in enumerate(callers):
        async with writer.revision(caller) as revision:
            await revision.put(organisations, "ny", organisation(f"Navn {n}"))
    engine, told = create_engine(fresh, 60), {}
    async with engine.connect() as connection:
        for viewer in (None, SJAELLAND, LOLLAND, STEWARD, Caller("oidc:x:y", Role.EDITOR)):
            asked = select(author()).where(RevisionRow.id > 1).order_by(RevisionRow.id)
            told[viewer] = list(await connection.scalars(asked, viewing(viewer)))
    await engine.dispose()
    both, one, lolland = "faxe-kommune, region-sjaelland", "region-sjaelland", "lolland-kommune"
    assert told == {
        None: [one, both, lolland, REGISTER, REGISTER],
        SJAELLAND: [SJAELLAND.name, SEVERAL.name, lolland, REGISTER, REGISTER],
        LOLLAND: [one, both, LOLLAND.name, REGISTER, REGISTER],
        STEWARD: [SJAELLAND.name, SEVERAL.name, LOLLAND.name, STEWARD.name, "et program"],
        Caller("oidc:x:y", Role.EDITOR): [one, both, lolland, REGISTER, REGISTER],
    }


def test_the_openapi_says_where_a_token_is_needed() -> None:
    """Writes need one, histories and revisions take one for the names in them, all other reads take none."""
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            need, refusals = operation.get("security"), {"401", "403", "429"} & operation["responses"].keys()
            if method != "get" or path == "/v1/me":
                assert (need, refusals) == ([{"bearer": []}], {"401", "403", "429"}), (method, path)
            elif path.endswith("/history") or path.startswith("/v1/revisions"):
                assert (need, refusals) == ([{}, {"bearer": []}], {"401", "429"}), path
            else:
                assert (need, refusals) == (None, set()), path
    (scheme,) = OPENAPI["components"]["securitySchemes"].items()
    assert (scheme[0], scheme[1]["scheme"]) == ("bearer", "bearer")


async def test_no_token_is_ever_logged(tmp_path: Any, fresh: str) -> None:
    """A service with two workers, everything logged, through every failure; and its addresses count together."""
    key, revoked = await make_key(fresh, Role.ADMIN), await make_key(fresh, Role.ADMIN)
    await execute(fresh, f"update api_key set revoked_at = now() where prefix = '{revoked[:12]}'")
    with issuing() as issuer:
        good, late, unknown = issuer.token(), issuer.token(exp=1), issuer.token(kid="unknown")
        settings = {"oidc_issuer": issuer.address, "oidc_audience": AUDIENCE, "log_level": "debug", "workers": 2}
        with service(
            tmp_path / "log", database_url=fresh, log_format="json", trusted_proxies="127.0.0.1", **settings
        ) as running:

            def ask(token: str, path: str = "/v1/me", address: str = "203.0.113.1") -> int:
                held = {**bearer(token), "X-Forwarded-For": address}
                return running.get(path, headers=held).status_code

            assert [ask(token) for token in (key, good)] == [200, 200]
            assert [ask(token) for token in (revoked, late, unknown, key + "x", good + "x")] == [401] * 5
            for token in (key, good):
                assert ask(token, f"/v1/regions?access_token={token}") == 400
                assert ask(token, f"/v1/regions?q={'x' * 440}{token}") == 400
                code = f"{ord(token[0]):x}"
                for hidden in (token.replace("_", "%5F"), f"%{code}{token[1:]}", f"%25{code}{token[1:]}"):
                    assert ask(token, f"/v1/regions?q={hidden}") in (200, 400)
                    assert ask(token, f"/v1/x%25{hidden}") == 404
                assert ask(token, f"/v1/{token}") == 404
                assert ask(token, f"/v1/regions/{token}") == 400
            assert [ask("x" * 30) for _ in range(10)] == [401] * 5 + [429] * 5
            assert ask("x" * 30, address="203.0.113.2") == 401, "another address is not held up"
            assert ask(key) == 200, "nor is who comes with a key from that address"
            running.stop()
            said = running.log.read_text()
            events = running.events()
    for token in (key, revoked):
        assert token[13:] not in said
        assert token[13:30] not in said
    for part in {part for token in (good, late, unknown) for part in token.split(".")[1:]}:
        assert part[:20] not in said
    refusals = [event["reason"] for event in events if event["event"] == "not let in"]
    assert f"The key {revoked[:12]} has been revoked." in refusals, "that much may be told"
    assert any(f"{key[:12]}_…" in event.get("query", "") for event in events)


async def test_failures_that_nobody_foresaw_log_no_token(own: Settings, fresh: str) -> None:
    """Not even where an exception has it in its words."""
    key = await make_key(fresh, Role.ADMIN)
    configure("json", "debug")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    log = io.StringIO()
    handler.setStream(log)
    async with asking(own) as client:
        configured = logging.getLogger().handlers[0]
        assert isinstance(configured, logging.StreamHandler)
        configured.setStream(log)
        answer = await client.get("/fails", params={"q": key}, headers=bearer(key))
    get_logger("broen").error("x", headers=bearer(key))
    assert answer.status_code == 500
    assert key not in answer.text
    failure = next(event for event in map(json.loads, log.getvalue().splitlines()) if "exception" in event)
    assert f"It had {key[:12]}_… at hand" in failure["exception"]
    assert key[13:] not in log.getvalue()
