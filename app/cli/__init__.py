"""The command `broen`: run the register, migrate it, load its data, give keys to those who write."""

import asyncio
import json
import os
import socket
import sys
from typing import Annotated

import typer
import uvicorn
from asyncpg import InsufficientPrivilegeError, InterfaceError, PostgresError
from sqlalchemy.exc import DBAPIError
from uvicorn.supervisors import Multiprocess

from app import __version__
from app.away import BEHIND
from app.cli.files import export, import_
from app.cli.keys import keys
from app.cli.persons import erase_, person
from app.cli.running import database, progress, shown
from app.connections import Connection
from app.data import load as load_data
from app.data.sample import load_sample
from app.embedded import EmbeddedError
from app.errors import BroenError, Forbidden, Unavailable, is_full
from app.log import configure
from app.main import create_api
from app.migrating import SchemaError, mismatch, version_of
from app.migrating import migrate as migrate_database
from app.rest.reading import Reader, ServerTooOldError
from app.rest.writing import Writer
from app.settings import PREFIX, Settings, SettingsError, load_settings, secure_url

cli = typer.Typer(
    help="Broen, an open register of cross-sector health cooperation.\n\n"
    "Without BROEN_DATABASE_URL an embedded PostgreSQL is started in BROEN_DATA_DIR (.broen), for trying out. "
    "The README lists every setting.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a password may be among them
)

cli.add_typer(keys, name="keys")
cli.command("import")(import_)
cli.command()(export)
cli.command()(person)
cli.command("erase")(erase_)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [BROEN_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [BROEN_PORT, 8000]")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes answer. [BROEN_WORKERS, 1]")] = None,
    *,
    setup: Annotated[
        bool, typer.Option("--setup", help="Migrate and load the packaged data first; implied without a database.")
    ] = False,
) -> None:
    """Serve the register until SIGTERM or Ctrl-C; requests under way are finished first."""
    given = {name: v for name, v in {"host": host, "port": port, "workers": workers}.items() if v is not None}
    settings = load_settings(**given)
    os.environ |= {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}  # what workers read
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        root_path=settings.root_path,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=30,  # on a busy machine a worker imports for longer than the five of uvicorn
    )
    try:
        bound = config.bind_socket()
    except SystemExit:  # it has said why
        sys.exit(f"broen: {settings.host}, port {settings.port}, cannot be listened on: see BROEN_HOST and BROEN_PORT.")
    with database(settings) as url:
        os.environ[f"{PREFIX}DATABASE_URL"] = url  # for the workers, which read their own settings
        if setup or not settings.database_url:
            prepare(settings, url)
        asyncio.run(check(settings, url))
        host, port = bound.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        server = Server(config, f"http://{shown}:{port}")  # where the proxy asks, which strips its path
        if settings.workers > 1:
            configure(settings.log_format, settings.log_level)  # what it says of its workers
            announce(server.base)
            Multiprocess(config, sockets=[bound]).run()
        else:
            server.run(sockets=[bound])


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe to run again, and at once with others."""
    settings = load_settings()
    with database(settings, settings.migration_database_url) as url:
        migrate_database(url, settings.runtime_role)
        typer.echo("The schema is the newest.")


@cli.command()
def load(
    sample: Annotated[
        int, typer.Option(min=0, metavar="N", help="Add N made-up initiatives and 3 N grants, for measuring.")
    ] = 0,
) -> None:
    """Load the packaged data in one revision; what others have written since is kept."""
    settings = load_settings()
    with database(settings) as url:
        typer.echo(asyncio.run(loading(settings, url, sample)))


@cli.command()
def mirror(
    source: Annotated[str, typer.Argument(metavar="URL", help="The other register, such as https://broen.example.")],
    *,
    once: Annotated[bool, typer.Option("--once", help="Take over what there is now, and end.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard what the mirror holds, and start anew.")] = False,
) -> None:
    """Keep a copy of another register in this database, which nobody else can write to; go on where it was."""
    from app import mirroring  # noqa: PLC0415 - whoever serves asks nobody over HTTP

    settings = load_settings()
    try:
        secure_url(source)
    except ValueError as error:
        sys.exit(f"broen: The address of the other register {error}.")
    try:
        with database(settings, settings.migration_database_url) as url:
            if restart:
                asyncio.run(mirroring.discard(url))
            migrate_database(url, settings.runtime_role)
            base = source.rstrip("/").removesuffix("/v1")
            asyncio.run(mirroring.keep(base, url, settings.mirror_key, once=once, told=progress))
    except mirroring.MirrorError as error:
        sys.exit(f"broen: {error}")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document as JSON."""
    typer.echo(json.dumps(create_api(load_settings()).openapi(), ensure_ascii=False, indent=2))


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


class Server(uvicorn.Server):
    """A server that says where it is once it is there."""

    def __init__(self, config: uvicorn.Config, base: str) -> None:
        super().__init__(config)
        self.base = base

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where."""
        await super().startup(sockets)
        if self.started and self.config.workers == 1:
            announce(self.base)


def announce(base: str) -> None:
    """Tell a person where to look."""
    typer.echo(f"\nThe register   {base}/v1\nIts reference  {base}/docs\nIts OpenAPI    {base}/openapi.json", err=True)
    typer.echo(f"To write, make a key: {sys.argv[0]} keys create --role admin --label NAME", err=True)


def prepare(settings: Settings, url: str) -> None:
    """Migrate and load, as `broen migrate` and `broen load` do."""
    progress("Bringing the schema up to date …")
    migrate_database(settings.migration_database_url or url, settings.runtime_role)
    progress("Loading the packaged data …")
    try:
        progress(asyncio.run(loading(settings, url)))
    except Forbidden as error:
        progress(str(error))


async def loading(settings: Settings, url: str, sample: int = 0) -> str:
    """Load the packaged data, and made-up data where they are wanted, and say what came of it."""
    async with Writer(url, settings) as writer:
        outcomes = await load_data(writer)
        if sample:
            outcomes += await load_sample(writer, sample, shown)
    return "Records: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())) + "."


async def check(settings: Settings, url: str) -> None:
    """Refuse a server that is too old; one that is away may come back, and one that is not migrated may be."""
    async with Reader(url, settings) as reader:
        try:
            await reader.check()
            wrong = mismatch(await version_of(url))
        except Unavailable as error:
            wrong = str(error)
    if wrong:
        progress(f"{wrong} The service starts anyway, and answers 503 until it can.")


def main() -> None:
    """Run the command, and tell a person what is wrong in a sentence."""
    try:
        cli()
    except (SettingsError, EmbeddedError, SchemaError, ServerTooOldError, BroenError) as error:
        sys.exit(f"broen: {error}")
    except BrokenPipeError:  # who read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, DBAPIError, PostgresError, InterfaceError) as error:
        cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
        if isinstance(cause, OSError) and (cause.filename or is_full(cause)):  # which is no connection's
            sys.exit(f"broen: {cause.filename or 'The output, or the folder for temporary files'}: {cause.strerror}.")
        hints = {
            BEHIND: "Has `broen migrate` been run?",
            (InsufficientPrivilegeError,): "BROEN_MIGRATION_DATABASE_URL names the role that owns the tables, and may.",
            (OSError, InterfaceError): "BROEN_DATABASE_URL says where it is.",
        }
        hint = next((f" {hint}" for types, hint in hints.items() if isinstance(cause, types)), "")
        sys.exit(f"broen: The database: {str(cause).rstrip('.')}.{hint}")
