"""OIDC access tokens: checked with their issuer's keys, which are fetched when needed and kept for a while."""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import jwt
from jsonpointer import JsonPointer
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.auth.caller import Caller, Role
from app.errors import Forbidden, Unauthorized, Unavailable
from app.settings import Settings, secure_url

T = TypeVar("T", bound=BaseModel)
MOST_BYTES: Final = 262_144
"""How long an answer of the issuer may be."""
ALGORITHMS: Final = ("RS256", "ES256")
"""How tokens may be signed; each of the issuer's keys is for one of them, whatever a token says."""
PATIENCE: Final = 5.0
PAUSE: Final = 5.0
"""How long the issuer may take to answer, and is left alone after it did not help, in seconds."""
FRESH: Final = 600.0
TRUSTED: Final = 3600.0
"""How old keys are when they are fetched anew, and when they no longer count, in seconds."""
LAST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
WORDS: Final = TypeAdapter[str | list[str] | None](str | list[str] | None, config=ConfigDict(strict=True))


class Discovery(BaseModel):
    """What the issuer says of itself, as far as it is needed."""

    issuer: str
    jwks_uri: str


class KeySet(BaseModel):
    """The issuer's keys."""

    keys: list[dict[str, Any]]


class Claims(BaseModel):
    """What every token says; anything of another type is refused."""

    model_config = ConfigDict(strict=True)

    sub: Annotated[str, Field(min_length=1, max_length=255)]
    exp: Annotated[float, Field(gt=0, lt=LAST)]


class Issuer:
    """Who issues tokens."""

    def __init__(self, address: str, settings: Settings) -> None:
        self._address = address
        self._settings = settings
        self._roles = {value: Role(role) for value, role in settings.oidc_roles} or {role.value: role for role in Role}
        self._client = httpx.AsyncClient(timeout=PATIENCE, headers={"Accept-Encoding": "identity"})
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._not_before = -math.inf
        self._failure: Exception | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()

    async def caller(self, token: str) -> Caller:
        """Whose token it is.

        Unauthorized when it does not count, Forbidden when it counts and gives no role, Unavailable when the issuer is
        away and its keys are not known.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            if not isinstance(kid, str):
                raise jwt.InvalidTokenError("it does not name its key")
            key = await self._key(kid)
            said = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._settings.oidc_audience,
                issuer=self._address,
                leeway=self._settings.oidc_leeway_seconds,
                options={"require": ["aud", "exp", "iss", "sub"], "enforce_minimum_key_length": True},
            )
            return self._caller(said)
        except (jwt.PyJWTError, ValidationError) as error:
            what = error if isinstance(error, jwt.PyJWTError) else "a claim has the wrong type"
            raise Unauthorized(f"The token does not count: {what}.") from error

    def _caller(self, said: Mapping[str, Any]) -> Caller:
        claims = Claims.model_validate(said)
        values = words(said, self._settings.oidc_role_claim)
        organisations = words(said, self._settings.oidc_organisations_claim)
        if not all(map(str.isprintable, [claims.sub, *organisations])):
            raise jwt.InvalidTokenError("its claims have characters that nobody can read")
        roles = {self._roles[value] for value in values if value in self._roles}
        role = max(roles, key=list(Role).index, default=None)
        if role is None:
            known, claim = ", ".join(self._roles), self._settings.oidc_role_claim
            raise Forbidden(f"The token gives no role: to write, one of {known} should be in {claim}.")
        return Caller(
            f"oidc:{urlsplit(self._address).hostname}:{claims.sub}",
            role,
            frozenset(organisations if role is Role.EDITOR else ()),
            datetime.fromtimestamp(claims.exp, UTC),
        )

    async def _key(self, kid: str) -> jwt.PyJWK:
        """The key of this id; what nobody has heard of is asked for, by one at a time and not too often."""
        if not self._has(kid, FRESH) and not (self._has(kid, TRUSTED) and self._turn.locked()):
            async with self._turn:
                if not self._has(kid, FRESH) and time.monotonic() >= self._not_before:
                    await self._fetch()
        if self._has(kid, TRUSTED):
            return self._keys[kid]
        if self._failure:
            raise Unavailable("The issuer of tokens cannot be asked for its keys right now.") from self._failure
        raise jwt.InvalidKeyError("its issuer has no such key")

    def _has(self, kid: str, seconds: float) -> bool:
        return kid in self._keys and time.monotonic() - self._fetched < seconds

    async def _fetch(self) -> None:
        """Take the issuer's keys as they are now; when they cannot be had, keep those that there are."""
        first = not self._keys
        try:
            async with asyncio.timeout(PATIENCE):
                about = await self._get(f"{self._address.rstrip('/')}/.well-known/openid-configuration", Discovery)
                if about.issuer != self._address:
                    raise ValueError(f"The issuer says that it is {about.issuer}")  # noqa: TRY301 - the same
                found = await self._get(secure_url(about.jwks_uri), KeySet)
                self._keys = {key.key_id: key for key in usable(found) if key.key_id}
        except Exception as error:  # noqa: BLE001 - whatever the issuer sends, it is no failure of the register's
            self._failure = error
        else:
            self._failure, self._fetched = None, time.monotonic()
        if self._failure or not first:  # a key may be new right after the first time
            self._not_before = time.monotonic() + PAUSE

    async def _get(self, url: str, shape: type[T]) -> T:
        async with self._client.stream("GET", url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"{url} answers {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise ValueError(f"{url} answers more than {MOST_BYTES} bytes")
        return shape.model_validate(json.loads(body))


def usable(found: KeySet) -> list[jwt.PyJWK]:
    """The keys that tokens may be signed with."""
    signing = [key for key in found.keys if key.get("use", "sig") == "sig"]
    return [key for key in jwt.PyJWKSet(signing).keys if key.algorithm_name in ALGORITHMS]


def words(said: Mapping[str, Any], pointer: str) -> list[str]:
    """The values of a claim: a list, or a text of words; none when it is not there."""
    value: Any = said
    for part in JsonPointer(pointer).parts:
        value = value.get(part) if isinstance(value, dict) else None
    found = WORDS.validate_python(value)
    return found.split() if isinstance(found, str) else found or []
