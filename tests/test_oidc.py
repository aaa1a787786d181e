"""OIDC access tokens: whose count, which do not, and what happens while their issuer is away."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx import AsyncClient, Response

from app.auth import oidc
from app.settings import Settings, SettingsError, load_settings
from tests.conftest import Databases, serving
from tests.issuer import AUDIENCE, DISCOVERY, KEYS, Issuer, ec_key, encoded, issuing, public, rsa_key

AT_ONCE: Final = 100


@pytest.fixture(scope="module")
def register_of_callers(databases: Databases) -> Iterator[str]:
    """A register in which failures are counted."""
    with databases() as url:
        yield url


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """An issuer of tokens, which is asked without TLS: nobody's certificates need be read."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with issuing() as running:
        yield running


@pytest.fixture
def trusting(register_of_callers: str, settings: Settings, issuer: Issuer) -> Settings:
    """The settings of a register that trusts it."""
    ours = {"database_url": register_of_callers, "failed_logins_per_minute": 1_000_000}
    return settings.model_copy(update={**ours, "oidc_issuer": issuer.address, "oidc_audience": AUDIENCE})


@pytest.fixture
async def api(trusting: Settings) -> AsyncIterator[AsyncClient]:
    """A client of that register."""
    async with serving(trusting) as client:
        yield client


async def ask(client: AsyncClient, token: str) -> Response:
    """Ask who one is."""
    return await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


def assert_refused(answer: Response, says: str = "") -> None:
    """That a token did not count."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json"), answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Broen", error="invalid_token"'
    assert says in answer.json()["detail"]


def assert_away(answer: Response) -> None:
    """That the issuer could not be asked."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "issuer" in answer.json()["detail"]


async def test_a_token_tells_who_calls(api: AsyncClient, issuer: Issuer) -> None:
    """By the issuer's host and what it calls the person; with the role and the organisations that it gives."""
    until = int(time.time()) + 300
    answer = await ask(api, issuer.token(exp=until))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    expires_at = answer.json().pop("expires_at")
    assert answer.json() == {
        "name": "oidc:127.0.0.1:anna",
        "role": "editor",
        "organisations": [
            {"id": "lolland-kommune", "name": "Lolland Kommune"},
            {"id": "region-sjaelland", "name": "Region Sjælland"},
        ],
        "expires_at": expires_at,
    }
    assert expires_at == time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(until))
    other = await ask(api, issuer.token(ec_key(), "curve", "ES256", roles="steward openid", sub="bo"))
    assert (other.json()["name"], other.json()["role"]) == ("oidc:127.0.0.1:bo", "steward")
    assert other.json()["organisations"] == [], "a steward keeps all"
    several = await ask(api, issuer.token(aud=["account", AUDIENCE], roles=["editor", "admin", "steward"]))
    assert several.json()["role"] == "admin", "the role that reaches furthest"


def public_pem() -> bytes:
    """The issuer's public key, as a secret that everybody knows."""
    return rsa_key(1).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def with_secret(issuer: Issuer) -> str:
    """Signed with the public key as the secret of an HMAC."""
    signing = f"{encoded({'alg': 'HS256', 'kid': 'first', 'typ': 'JWT'})}.{encoded(issuer.claims())}"
    return f"{signing}.{encoded(hmac.digest(public_pem(), signing.encode(), hashlib.sha256))}"


HEADER: Final = {"alg": "RS256", "kid": "first", "typ": "at+jwt"}
REFUSED: Final[dict[str, Callable[[Issuer], str]]] = {
    "expired": lambda i: i.token(exp=int(time.time()) - 90),
    "not yet": lambda i: i.token(nbf=int(time.time()) + 90),
    "issued in the future": lambda i: i.token(iat=int(time.time()) + 90),
    "for others": lambda i: i.token(aud="andre"),
    "for several others": lambda i: i.token(aud=["andre", "flere"]),
    "for nobody": lambda i: i.token(aud=None),
    "by others": lambda i: i.token(iss="https://example.org"),
    "by nobody": lambda i: i.token(iss=None),
    "by the same with a slash": lambda i: i.token(iss=f"{i.address}/"),
    "without end": lambda i: i.token(exp=None),
    "about nobody": lambda i: i.token(sub=None),
    "unsigned": lambda i: f"{encoded({**HEADER, 'alg': 'none'})}.{encoded(i.claims())}.",
    "none with a signature": lambda i: i.signed({**HEADER, "alg": "none"}, i.claims()),
    "no alg": lambda i: i.signed({"kid": "first"}, i.claims()),
    "a list of algs": lambda i: i.signed({**HEADER, "alg": ["RS256"]}, i.claims()),
    "HS256 with the public key": with_secret,
    "RS512": lambda i: i.token(algorithm="RS512"),
    "PS256": lambda i: i.token(algorithm="PS256"),
    "ES256 under the name of an RSA key": lambda i: i.token(ec_key(), "first", "ES256"),
    "another's key": lambda i: i.token(rsa_key(2)),
    "a key that comes along": lambda i: i.signed({"alg": "RS256", "jwk": public(rsa_key(1), "first")}, i.claims()),
    "an unknown key": lambda i: i.token(kid="unknown"),
    "no key": lambda i: i.token(kid=None),
    "a key by number": lambda i: i.signed({**HEADER, "kid": 1}, i.claims()),
    "an unknown extension": lambda i: i.signed({**HEADER, "crit": ["x"], "x": 1}, i.claims()),
    "garbage after it": lambda i: f"{i.token()}x",
    "a part after it": lambda i: f"{i.token()}.x",
    "padding after it": lambda i: f"{i.token()}==",
    "a line after it": lambda i: f"{i.token()}, x",
    "half of it": lambda i: i.token()[:-100],
    "two parts": lambda i: i.token().rpartition(".")[0],
    "other claims": lambda i: f"{encoded(HEADER)}.{encoded(i.claims(roles='admin'))}.{i.token().rpartition('.')[2]}",
    "huge": lambda i: i.token(more="x" * 20_000),
    "a nested header": lambda i: i.signed(b"[" * 5000, {}),
    "nested claims": lambda i: i.signed(HEADER, b"[" * 5000),
    "claims that are a list": lambda i: i.signed(HEADER, []),
    "claims that are no JSON": lambda i: i.signed(HEADER, b"{"),
    "claims that are no UTF-8": lambda i: i.signed(HEADER, b"\xff"),
    "an end in words": lambda i: i.signed(HEADER, i.claims(exp="9999999999")),
    "an end that is a list": lambda i: i.signed(HEADER, i.claims(exp=[])),
    "an end that is true": lambda i: i.signed(HEADER, i.claims(exp=True)),
    "an end beyond all time": lambda i: i.signed(HEADER, i.claims(exp=10**20)),
    "an end at infinity": lambda i: i.signed(HEADER, i.claims(exp=float("inf"))),
    "an end with 5000 digits": lambda i: i.signed(
        HEADER, json.dumps(i.claims(exp=1)).replace('"exp": 1', '"exp": ' + "9" * 5000).encode()
    ),
    "a number as a subject": lambda i: i.signed(HEADER, i.claims(sub=7)),
    "an empty subject": lambda i: i.token(sub=""),
    "a subject with NUL": lambda i: i.token(sub="anna\x00"),
    "a subject of two lines": lambda i: i.token(sub="anna\nbo"),
    "half a character as a subject": lambda i: i.token(sub="\ud800"),
    "a subject without end": lambda i: i.token(sub="a" * 300),
    "a number as a role": lambda i: i.token(roles=1),
    "numbers as roles": lambda i: i.token(roles=["admin", 1]),
    "roles in an object": lambda i: i.token(roles={"admin": True}),
    "organisations in an object": lambda i: i.token(organisations={"region-sjaelland": True}),
    "an organisation with NUL": lambda i: i.token(organisations=["region-sjaelland\x00"]),
    "nothing of it": lambda _: "x",
    "three dots": lambda _: "...",
}


@pytest.mark.parametrize("wrong", REFUSED)
async def test_what_does_not_count_is_refused(api: AsyncClient, issuer: Issuer, wrong: str) -> None:
    """401 whatever is wrong, and never a 500."""
    assert_refused(await ask(api, REFUSED[wrong](issuer)))
    assert issuer.asked[KEYS] <= 2


async def test_clocks_may_differ_a_little(api: AsyncClient, issuer: Issuer) -> None:
    """By a minute unless set otherwise, either way."""
    now = int(time.time())
    for token in (issuer.token(exp=now - 30), issuer.token(nbf=now + 30, iat=now + 30)):
        assert (await ask(api, token)).status_code == 200
    assert_refused(await ask(api, issuer.token(exp=now - 90)), "expired")


async def test_a_hundred_at_once_ask_for_the_keys_once(api: AsyncClient, issuer: Issuer) -> None:
    """The first asks, the others wait for it; later ones ask no more."""
    issuer.seconds = 0.2
    token = issuer.token()
    answers = await asyncio.gather(*(ask(api, token) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await ask(api, token)).status_code == 200
    assert issuer.asked == {DISCOVERY: 1, KEYS: 1}


async def test_rotated_keys_are_picked_up(api: AsyncClient, issuer: Issuer) -> None:
    """At once, when a token names a key that nobody has heard of; what was withdrawn counts no more."""
    old = issuer.token()
    assert (await ask(api, old)).status_code == 200
    issuer.keys = [public(rsa_key(2), "second")]
    assert (await ask(api, issuer.token(rsa_key(2), "second"))).status_code == 200
    assert issuer.asked[KEYS] == 2
    assert_refused(await ask(api, old), "no such key")


async def test_withdrawn_keys_count_no_more(api: AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though no token names another: keys are asked for again from time to time."""
    token = issuer.token()
    assert (await ask(api, token)).status_code == 200
    issuer.keys = [public(rsa_key(2), "second")]
    assert (await ask(api, token)).status_code == 200
    monkeypatch.setattr(oidc, "FRESH", 0)
    assert_refused(await ask(api, token), "no such key")


async def test_keys_that_nobody_has_do_not_bother_the_issuer(api: AsyncClient, issuer: Issuer) -> None:
    """However many tokens name however many of them."""
    answers = await asyncio.gather(*(ask(api, issuer.token(kid=f"unknown-{n}")) for n in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {401}
    assert issuer.asked[KEYS] == 2, "the first time, and once more in case that they have rotated"


async def test_an_issuer_that_is_away_is_a_503_until_it_is_back(
    trusting: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is let in; nobody waits in line for it either."""
    with issuing() as issuer:
        token, port = issuer.token(), int(issuer.address.rpartition(":")[2])
    async with serving(trusting.model_copy(update={"oidc_issuer": issuer.address})) as api:
        answers = await asyncio.gather(*(ask(api, token) for _ in range(20)))
        for answer in answers:
            assert_away(answer)
        with issuing(port) as issuer:
            assert_away(await ask(api, token))
            assert not issuer.asked, "it is left alone for some seconds"
    monkeypatch.setattr(oidc, "PAUSE", 0)
    async with serving(trusting.model_copy(update={"oidc_issuer": issuer.address})) as api:
        assert_away(await ask(api, token))
        with issuing(port):
            assert (await ask(api, token)).status_code == 200


async def test_known_keys_outlast_a_short_absence(
    trusting: Settings, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count for an hour, and then no more."""
    monkeypatch.setattr(oidc, "PAUSE", 0)
    async with serving(trusting) as api:
        token = issuer.token()
        assert (await ask(api, token)).status_code == 200
        issuer.answers[DISCOVERY] = (503, b"")
        monkeypatch.setattr(oidc, "FRESH", 0)
        assert (await ask(api, token)).status_code == 200
        assert_away(await ask(api, issuer.token(kid="new")))
        monkeypatch.setattr(oidc, "TRUSTED", 0)
        assert_away(await ask(api, token))
        issuer.answers.clear()
        monkeypatch.undo()
        assert (await ask(api, token)).status_code == 200


def discovery(**changes: Any) -> tuple[int, bytes]:
    """What an issuer says of itself when something is wrong."""
    whole = {"issuer": "http://127.0.0.1:1", "jwks_uri": "http://127.0.0.1:1/keys"} | changes
    return 200, json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (DISCOVERY, (404, b"{}")),
        (DISCOVERY, (302, b"")),
        (DISCOVERY, (200, b"<html>")),
        (DISCOVERY, (200, b"\xff")),
        (DISCOVERY, (200, b"[" * 100_000)),
        (DISCOVERY, (200, b" " * 300_000)),
        (DISCOVERY, (200, b"[]")),
        (DISCOVERY, discovery(issuer="https://example.org")),
        (DISCOVERY, discovery(jwks_uri=7)),
        (KEYS, (500, b"")),
        (KEYS, (200, b"{}")),
        (KEYS, (200, b'{"keys": []}')),
        (KEYS, (200, b'{"keys": {}}')),
        (KEYS, (200, b'{"keys": [{"kty": []}, {"kty": "RSA", "n": 1, "e": []}]}')),
    ],
)
async def test_an_issuer_that_answers_nonsense_is_away(
    api: AsyncClient, issuer: Issuer, path: str, answer: tuple[int, bytes]
) -> None:
    """503, whatever it says."""
    issuer.answers[path] = answer
    assert_away(await ask(api, issuer.token()))


@pytest.mark.parametrize("uri", ["http://example.org/keys", "file:///etc/passwd", "//example.org", "https://"])
async def test_keys_come_over_a_line_that_nobody_can_change(api: AsyncClient, issuer: Issuer, uri: str) -> None:
    """HTTPS, but on one machine."""
    issuer.answers[DISCOVERY] = discovery(issuer=issuer.address, jwks_uri=uri)
    assert_away(await ask(api, issuer.token()))


async def test_a_slow_issuer_is_given_up(trusting: Settings, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds, and those who wait with it are answered too."""
    monkeypatch.setattr(oidc, "PATIENCE", 0.5)
    issuer.seconds = 1.5
    async with serving(trusting) as api:
        for answer in await asyncio.gather(*(ask(api, issuer.token()) for _ in range(5))):
            assert_away(answer)
    assert issuer.asked[DISCOVERY] == 1


async def test_keys_that_are_not_for_signing_are_passed_over(api: AsyncClient, issuer: Issuer) -> None:
    """Secrets, short keys, keys for encryption, without a name or of a kind that nobody knows; the others count."""
    issuer.keys += [
        {"kty": "oct", "kid": "secret", "alg": "HS256", "k": encoded(b"secret" * 10)},
        public(rsa_key(4, 1024), "short"),
        public(rsa_key(5), "enc", use="enc"),
        public(rsa_key(5), "pss", alg="PS256"),
        public(rsa_key(5), 7),
        {"kty": "OKP", "crv": "X25519", "kid": "x"},
    ]
    assert (await ask(api, issuer.token())).status_code == 200
    assert_refused(await ask(api, issuer.token(rsa_key(5), "enc")), "no such key")
    assert_refused(await ask(api, issuer.token(rsa_key(5), "pss", "PS256")), "no such key")
    assert_refused(await ask(api, issuer.token("secret" * 10, "secret", "HS256")), "no such key")
    with pytest.warns(match="below the minimum"):
        short = issuer.token(rsa_key(4, 1024), "short")
    assert_refused(await ask(api, short))


async def test_roles_are_what_the_operator_says_they_are(trusting: Settings, issuer: Issuer) -> None:
    """Which claim, and which of its values means what."""
    mapped = {"oidc_roles": (("sekretariat", "steward"),), "oidc_role_claim": "/realm_access/roles"}
    async with serving(trusting.model_copy(update=mapped)) as api:
        answer = await ask(api, issuer.token(realm_access={"roles": ["sekretariat"]}))
        assert answer.json()["role"] == "steward"
        for claims in ({"realm_access": {"roles": ["steward"]}}, {"realm_access": ["sekretariat"]}, {"roles": "admin"}):
            none = await ask(api, issuer.token(**claims))
            assert (none.status_code, none.headers["Content-Type"]) == (403, "application/problem+json")
            assert "one of sekretariat should be in /realm_access/roles" in none.json()["detail"]


async def test_without_an_issuer_no_token_counts(settings: Settings, register_of_callers: str, issuer: Issuer) -> None:
    """And nobody is asked."""
    async with serving(settings.model_copy(update={"database_url": register_of_callers})) as api:
        assert_refused(await ask(api, issuer.token()), "no API key")
    assert not issuer.asked


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"oidc_issuer": "http://login.example.org", "oidc_audience": "broen"}, "OIDC_ISSUER: .* begins with https://"),
        ({"oidc_issuer": "login.example.org", "oidc_audience": "broen"}, "begins with https://"),
        ({"oidc_issuer": "https://login.example.org"}, "OIDC_AUDIENCE: .* as there is an issuer"),
        ({"oidc_role_claim": "roles"}, "OIDC_ROLE_CLAIM: .* such as /roles"),
        ({"oidc_roles": "steward"}, "should be like redaktion=editor"),
        ({"oidc_roles": "a=king"}, "OIDC_ROLES: .*'editor', 'steward' or 'admin'"),
    ],
)
def test_what_is_set_wrong_is_said(given: dict[str, str], says: str) -> None:
    """Before anybody could be let in by it."""
    with pytest.raises(SettingsError, match=says):
        load_settings(**given)


def test_roles_are_set_as_pairs() -> None:
    """What the issuer says may have spaces and signs in it."""
    given = load_settings(oidc_roles=" /Sundhed/Redaktion = editor, a=b=steward,")
    assert given.oidc_roles == (("/Sundhed/Redaktion", "editor"), ("a=b", "steward"))
