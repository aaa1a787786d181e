"""The gate: takes bearer tokens, finds out whose they are, and keeps count of who asks too much."""

import math
import re
import time
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Final, Self

import asyncpg
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.auth import keys, limits
from app.auth.caller import Caller
from app.away import AWAY, fetch, keep
from app.errors import Forbidden, TooManyRequests, Unauthorized
from app.settings import Settings

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
MOST_CHARACTERS: Final = 16_384
"""How long an access token may be."""
OPTIONAL: Final = "bearer, or nothing"
"""What FastAPI calls the scheme of what may be asked without a token; OpenAPI has another way to say so."""
ABOUT: Final = """An API key of the register (`brn_…`, made by `broen keys create`), or an access token (JWT) of the
OpenID Connect issuer that the operator has set up. Reading needs none."""
BEARER: Final = HTTPBearer(auto_error=False, scheme_name="bearer", description=ABOUT)
MAYBE: Final = HTTPBearer(auto_error=False, scheme_name=OPTIONAL)


class Gate:
    """What tells who a request comes from."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.settings = settings
        self._issuer = None
        if settings.oidc_issuer:
            from app.auth.oidc import Issuer  # noqa: PLC0415 - what checks signatures is a tenth of the service

            self._issuer = Issuer(settings.oidc_issuer, settings)
        self._swept = time.monotonic()
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=4,
            reset=keep,
            command_timeout=settings.statement_seconds + 1,
            timeout=5,
            server_settings={
                "application_name": "broen signs in",
                "jit": "off",
                "statement_timeout": str(int(settings.statement_seconds * 1000)),
                "synchronous_commit": "off",  # what is noted here may be lost in a crash, and must not delay a write
                "timezone": "UTC",
            },
        )

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._issuer:
            await self._issuer.close()
        try:
            await self._pool.close()
        except AWAY:  # a server that has just gone away cannot be told goodbye
            self._pool.terminate()

    async def caller(self, authorization: Sequence[str]) -> Caller:
        """Who has sent these headers Authorization; Unauthorized when what they hold does not count."""
        scheme, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer":
            raise Unauthorized("The header Authorization should be, once, `Bearer` and a token.")
        token = token.strip()
        if keys.KEY.fullmatch(token):
            found = await fetch(self._pool, keys.FIND, keys.hash_of(token))
            return keys.caller(next(iter(found), None))
        if self._issuer and len(token) <= MOST_CHARACTERS and TOKEN.fullmatch(token):
            return await self._issuer.caller(token)
        raise Unauthorized(f"The token is no API key of the register{' and no access token' if self._issuer else ''}.")

    async def count_write(self, caller: Caller) -> None:
        """Count a write; TooManyRequests when the caller has made as many as they may."""
        most = self.settings.writes_per_minute
        await self._count(f"writes by {caller.name}", most, f"A caller may make {most} writes a minute.")

    async def count_failure(self, address: str) -> None:
        """Count a token that did not count; TooManyRequests when the address has sent as many as it may."""
        most = self.settings.failed_logins_per_minute
        said = f"An address may send {most} tokens a minute that do not count."
        await self._count(f"failures from {network(address)}", most, said)

    async def _count(self, name: str, most: int, said: str) -> None:
        if time.monotonic() - self._swept > limits.MINUTE:
            self._swept = time.monotonic()
            await fetch(self._pool, limits.SWEEP)
        seconds = limits.MINUTE / most
        if not await fetch(self._pool, limits.FILL, name, seconds):
            raise TooManyRequests(said, math.ceil(seconds))


def network(address: str) -> str:
    """Whom an address belongs to: in IPv6 everybody has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:  # what a trusted proxy has passed on unseen
        return re.sub(r"[^\x20-\x7e]", "?", address[:100])
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


async def _caller(request: Request) -> Caller | None:
    given = request.headers.getlist("Authorization")
    if not given:
        return None
    gate: Gate = request.app.state.gate
    try:
        return await gate.caller(given)
    except Unauthorized:
        await gate.count_failure(request.client.host if request.client else "")
        raise


async def _reader(request: Request, _: Annotated[object, Depends(MAYBE)]) -> Caller | None:
    try:
        return await _caller(request)
    except Forbidden:  # who may not write may read like anybody
        return None


MaybeSignedIn = Annotated[Caller | None, Depends(_reader)]
"""Whoever reads: None without a token; one that does not count is refused all the same."""


async def _known(request: Request, _: Annotated[object, Depends(BEARER)]) -> Caller:
    if caller := await _caller(request):
        return caller
    raise Unauthorized("This needs a bearer token in the header Authorization.", given=False)


Known = Annotated[Caller, Depends(_known)]
"""Whoever has shown who they are."""


async def _writer(request: Request, caller: Known) -> Caller:
    gate: Gate = request.app.state.gate
    await gate.count_write(caller)
    return caller


SignedIn = Annotated[Caller, Depends(_writer)]
"""Whoever writes; each time is counted."""
