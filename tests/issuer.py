"""A real OpenID Connect issuer on loopback: keys that rotate, tokens right and wrong, and every way to be away."""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE: Final = "broen"
DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/keys"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key; each number another, made once."""
    assert number >= 0
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: Key, kid: Any, **more: Any) -> dict[str, Any]:
    """The public half of a key, as an issuer publishes it."""
    half = key.public_key()
    whole = (
        RSAAlgorithm.to_jwk(half, as_dict=True)
        if isinstance(half, rsa.RSAPublicKey)
        else ECAlgorithm.to_jwk(half, as_dict=True)
    )
    return {**whole, "kid": kid, "use": "sig", **more}


def encoded(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """Who issues tokens, and answers for its keys."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.keys: list[dict[str, Any]] = [public(rsa_key(1), "first"), public(ec_key(), "curve")]
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, tuple[int, bytes]] = {}
        """What is answered instead of what is right."""
        self.seconds = 0.0
        """How long an answer takes."""

    def answer(self, path: str) -> tuple[int, bytes]:
        """What a path answers."""
        self.asked[path] += 1
        time.sleep(self.seconds)
        right = {
            DISCOVERY: {"issuer": self.address, "jwks_uri": self.address + KEYS, "scopes_supported": ["openid"]},
            KEYS: {"keys": self.keys},
        }
        return self.answers.get(path) or (200, json.dumps(right[path]).encode())

    def claims(self, **more: Any) -> dict[str, Any]:
        """What a token says; a claim that is None is left out."""
        now = int(time.time())
        whole = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "anna",
            "iat": now,
            "exp": now + 300,
            "roles": ["editor", "offline_access"],
            "organisations": ["region-sjaelland", "lolland-kommune"],
        } | more
        return {name: value for name, value in whole.items() if value is not None}

    def token(self, key: Any = None, kid: Any = "first", algorithm: str = "RS256", **more: Any) -> str:
        """A signed token."""
        headers = {} if kid is None else {"kid": kid}
        return jwt.encode(self.claims(**more), key or rsa_key(1), algorithm, headers=headers)

    def signed(self, header: Any, payload: Any) -> str:
        """A token that no library would make, with a right signature."""
        signing = f"{encoded(header)}.{encoded(payload)}"
        return f"{signing}.{encoded(RSAAlgorithm(RSAAlgorithm.SHA256).sign(signing.encode(), rsa_key(1)))}"


@contextmanager
def issuing(port: int = 0) -> Iterator[Issuer]:
    """Run an issuer; at the end it is away."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status in (301, 302):
                self.send_header("Location", KEYS)
            with suppress(ConnectionError):  # a client may give up
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "127.0.0.1")  # a proxy that is set for what lies outside has no part in this
        server.daemon_threads = True
        issuer = Issuer(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
