"""What an operator can set: one frozen object, and the only file that reads the environment."""

import difflib
import os
from datetime import date, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX: Final = "BROEN_"
COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")


def _postgresql(url: str) -> str:
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("should be an address such as postgresql://user:password@host:5432/database")
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise ValueError("the port of the address should be a number") from error
    if "@" in urlsplit(url).path:
        raise ValueError("a password's @, / and : should be percent-encoded, as %40, %2F and %3A")
    return url


def _path(path: str) -> str:
    if path and (not path.startswith("/") or path.endswith("/") or "//" in path):
        raise ValueError("should begin with / and not end with it, such as /broen")
    return path


def _network(address: str) -> str:
    if address != "*":
        ip_network(address, strict=False)
    return address


def secure_url(url: str) -> str:
    """An address that nobody on the way can answer for; ValueError says what would be right."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or not (local or parts.scheme == "https"):
        raise ValueError("should be an address that begins with https://, or on this machine with http://")
    return url


def _pointer(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("should be a JSON pointer to a claim, such as /roles or /realm_access/roles")
    return text


def _separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _pairs(value: object) -> object:
    found = _separated(value)
    if isinstance(value, str) and isinstance(found, tuple):
        if not all("=" in pair for pair in found):
            raise ValueError("should be like redaktion=editor,sekretariat=steward")
        pairs = tuple(tuple(part.strip() for part in pair.rsplit("=", 1)) for pair in found)
        if len(dict(pairs)) < len(pairs):
            raise ValueError("should give each value one role")
        return pairs
    return found


DatabaseUrl = Annotated[str, AfterValidator(_postgresql)]
Claim = Annotated[str, AfterValidator(_pointer)]
RoleName = Literal["editor", "steward", "admin"]


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and what would be right."""


class Settings(BaseSettings):
    """The service's settings; each is read from the variable BROEN_ + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, use_attribute_docstrings=True
    )

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port to listen on; 0 takes a free one."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """How many processes answer requests."""
    root_path: Annotated[str, AfterValidator(_path)] = ""
    """The path under which a proxy publishes the service, such as /broen."""
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_separated)
    ] = ()
    """Addresses or networks, separated by commas, whose X-Forwarded headers are believed, * for any; nobody's unless
    set."""
    shutdown_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """How long requests under way may take to finish after SIGTERM, in seconds."""

    database_url: DatabaseUrl | None = None
    """The PostgreSQL 18 to use, as the role that serves; without it an embedded one is started in data_dir."""
    migration_database_url: DatabaseUrl | None = None
    """The same database, as the role that owns the schema and migrates it; without it, as database_url."""
    runtime_role: str | None = None
    """The role to which `broen migrate` grants what serving needs; without it, nothing is granted."""
    data_dir: Path = Path(".broen")
    """The folder of the embedded PostgreSQL."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """How many questions a worker asks the database at once; it has up to two connections for each."""
    queue_size: Annotated[int, Field(ge=0, le=100_000)] = 200
    """How many more may wait for their turn; those beyond are answered 503 at once."""
    statement_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 10
    """How long one statement may run, in seconds."""
    export_pool_size: Annotated[int, Field(ge=1, le=50)] = 4
    """How many whole lists a worker gives at once, each over a connection of its own."""
    export_seconds: Annotated[float, Field(ge=0.1, le=86400)] = 600
    """How long giving a whole list may take, the client's reading included, in seconds."""
    export_step_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 60
    """How long one step of it may take, the database's or the client's, in seconds."""
    followers: Annotated[int, Field(ge=0, le=100_000)] = 2000
    """How many may wait for changes at a worker at once, on streams or with `wait`."""
    mirror_key: str | None = None
    """The API key with which `broen mirror` asks; without it, authors are named as anybody sees them."""
    write_pool_size: Annotated[int, Field(ge=1, le=50)] = 4
    """How many connections to the database a worker writes with; of all writers one writes at a time."""
    write_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 5
    """How long a writer waits for its turn, in seconds."""
    max_body_bytes: Annotated[int, Field(ge=100, le=2**30)] = 2**20
    """How long the body of a request may be, in bytes."""
    max_import_bytes: Annotated[int, Field(ge=100, le=2**36)] = 2**28
    """How long a file may be that is imported over HTTP, in bytes; it is kept in the folder for temporary files."""

    writes_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """How many writes a caller may make in a minute, over all workers."""
    failed_logins_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """How many tokens that do not count an address may send in a minute, over all workers."""

    oidc_issuer: Annotated[str, AfterValidator(secure_url)] | None = None
    """The OpenID Connect issuer whose access tokens are taken, as tokens name it in iss; without it, API keys alone."""
    oidc_audience: Annotated[str | None, Field(validate_default=True)] = None
    """What tokens for this service have in aud."""
    oidc_role_claim: Claim = "/roles"
    """Where a token has its roles, a list or a text of words, as a JSON pointer."""
    oidc_roles: Annotated[tuple[tuple[str, RoleName], ...], NoDecode, BeforeValidator(_pairs)] = ()
    """Which value there gives which role, separated by commas, such as redaktion=editor,sekretariat=steward; without
    it, editor, steward and admin by their names."""
    oidc_organisations_claim: Claim = "/organisations"
    """Where a token has the ids of the organisations whose records an editor keeps."""
    oidc_leeway_seconds: Annotated[float, Field(ge=0, le=600)] = 60
    """By how much the issuer's clock may differ from this one, in seconds."""

    cache_bytes: Annotated[int, Field(ge=0, le=2**40)] = 64 * 2**20
    """How many bytes of finished answers a worker keeps; 0 keeps none."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """JSON lines or readable text; auto is text on a terminal."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged, from this level up."""
    today: Annotated[date, Field(ge=date(1000, 1, 1), lt=date(9999, 1, 1))] | None = None
    """A day to take for today, for trying out and for tests; without it, today in Europe/Copenhagen."""

    def day(self) -> date:
        """Today, in Copenhagen unless it is set."""
        return self.today or datetime.now(COPENHAGEN).date()

    @field_validator("oidc_audience")
    @classmethod
    def _names_this_service(cls, value: str | None, others: ValidationInfo) -> str | None:
        if others.data.get("oidc_issuer") and not value:
            raise ValueError("should be what tokens for this service have in aud, as there is an issuer")
        return value


def load_settings(**given: object) -> Settings:
    """Read the settings from the environment, but for those given; a SettingsError says all that is wrong with them."""
    wrong = []
    for name in os.environ:
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and field not in Settings.model_fields:
            near = difflib.get_close_matches(field, Settings.model_fields, 1)
            wrong.append(f"{name} is not a setting" + (f"; did you mean {PREFIX}{near[0].upper()}?" if near else "."))
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [(str(e["loc"][0]), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
        wrong += [f"{PREFIX}{name.upper()}: {says}." for name, says in faults]  # without the value, which may be secret
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings
