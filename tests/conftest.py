"""One PostgreSQL for the whole run, a database for each worker, and the real application over HTTP."""

import asyncio
import fcntl
import gc
import os
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.engine import make_url
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import Role
from app.auth.keys import create as create_key
from app.data import load
from app.db import create_engine
from app.embedded import running
from app.main import create_api, front
from app.migrating import migrate
from app.rest.kept import Store
from app.rest.writing import Writer
from app.settings import Settings, load_settings

QUICK: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "file_copy_method": "clone",  # a database of a thousand files is copied in a fifth of the time
    "max_connections": "200",
    "shared_buffers": "128MB",  # all of them are gone through for each database that is dropped
}

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder there
ROOM: Final = 2 * 2**30
"""How many bytes must be free there: several times what a run has there at once."""

Databases = Callable[..., AbstractContextManager[str]]
SERVING: Final[defaultdict[str | None, list[Store]]] = defaultdict(list)
"""The answers that applications under test keep, by their register."""


def pytest_configure() -> None:
    """Have tests write in memory where it has room: a disk takes longest over thousands of files that come and go."""
    with suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ROOM:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """Look no more for garbage in what lives as long as the run."""
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run as the service does."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL that all workers share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgres"
    with running(folder, options=QUICK) as url:
        yield url


@pytest.fixture(scope="session")
def databases(server: str, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Make databases that last while they are used: copies of the register with its packaged data, or empty ones."""
    numbers = count()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")

    @contextmanager
    def create(template: str = "register") -> Iterator[str]:
        name = f"{worker}_{next(numbers)}"
        asyncio.run(execute(server, f'create database {name} template "{template}" strategy file_copy'))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        asyncio.run(execute(server, f"drop database if exists {name} with (force)"))

    base = tmp_path_factory.getbasetemp()
    with ((base.parent if worker != "main" else base) / "template.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not asyncio.run(value(server, "select count(*) from pg_database where datname = 'register'")):
            with create("template0") as empty:
                migrate(empty)
                asyncio.run(loaded(empty))
                asyncio.run(execute(server, f"alter database {make_url(empty).database} rename to register"))
    return create


@pytest.fixture(scope="session")
def register(databases: Databases) -> Iterator[str]:
    """A register with its packaged data that nobody writes to."""
    with databases() as url:
        yield url


@pytest.fixture
def fresh(databases: Databases) -> Iterator[str]:
    """A register with its packaged data, to write to."""
    with databases() as url:
        yield url


@pytest.fixture
def settings(register: str) -> Settings:
    """The settings from the environment, on the register that nobody writes to."""
    return load_settings().model_copy(update={"database_url": register})


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """A migrated register that holds nothing."""
    with databases("template0") as url:
        migrate(url)
        yield url


@pytest.fixture
async def writer(fresh: str) -> AsyncIterator[Writer]:
    """A writer to a register of one's own, as part of whatever serves it."""

    def told(revision: int, resources: Collection[str]) -> None:
        for store in SERVING.get(fresh, ()):
            store.wrote(revision, resources)

    async with Writer(fresh, load_settings(), told) as writer:
        yield writer


@pytest.fixture(scope="session")
async def client(register: str) -> AsyncIterator[AsyncClient]:
    """A client of the application on the register that nobody writes to, whose connections stay warm."""
    async with serving(load_settings().model_copy(update={"database_url": register})) as client:
        yield client


@pytest.fixture
async def own_client(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of the application on the register that `writer` writes to."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        yield client


def leaving(app: ASGIApp) -> ASGIApp:
    """An application whose streams are left with the first that they send: here, a client waits for the end of all."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").endswith("/stream"):
            await app(scope, receive, send)
            return
        begun, ended = asyncio.Event(), False

        async def leave() -> Message:
            await begun.wait()
            return {"type": "http.disconnect"}

        async def take(message: Message) -> None:
            nonlocal ended
            await send(message)
            if message["type"] == "http.response.body":
                ended = not message.get("more_body")
                begun.set()

        await app(scope, leave, take)
        if not ended:
            await send({"type": "http.response.body", "body": b""})

    return asked


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The application, and a client of it that takes bytes as they are."""
    api: FastAPI = create_api(settings)
    transport = ASGITransport(leaving(front(api)), raise_app_exceptions=False, root_path=settings.root_path)
    plain = AsyncClient(transport=transport, base_url="http://broen", headers={"Accept-Encoding": "identity"})
    async with api.router.lifespan_context(api), plain as client:
        SERVING[settings.database_url].append(api.state.store)
        yield client
        SERVING[settings.database_url].remove(api.state.store)


@asynccontextmanager
async def counting(settings: Settings) -> AsyncIterator[tuple[AsyncClient, list[str]]]:
    """The application, a client of it, and every statement that its requests send to the database."""
    api: FastAPI = create_api(settings)
    statements: list[str] = []

    def note(statement: Any) -> None:
        statements.append(statement.query)

    async def listen(connection: Any) -> None:
        connection.add_query_logger(note)

    async with api.router.lifespan_context(api):
        for pool in api.state.reader.pools:
            for holder in pool._holders:  # noqa: SLF001 - the reader lends nobody its connections
                holder._setup = listen  # noqa: SLF001
        assert await api.state.store.wait_for(1, 20)
        SERVING[settings.database_url].append(api.state.store)
        async with AsyncClient(transport=ASGITransport(leaving(front(api))), base_url="http://broen") as client:
            yield client, statements
        SERVING[settings.database_url].remove(api.state.store)


async def loaded(url: str) -> dict[Any, int]:
    """Load the packaged data."""
    async with Writer(url, load_settings()) as writer:
        return dict(await load(writer))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection to a database, as its owner."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def value(url: str, query: str) -> Any:
    """The one value that a query gives."""
    async with connected(url) as connection:
        return await connection.fetchval(query)


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows that a query gives."""
    async with connected(url) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def make_key(url: str, role: Role = Role.EDITOR, *organisations: str, label: str = "Prøve", **more: Any) -> str:
    """Make an API key."""
    engine = create_engine(url, 60)
    try:
        async with engine.begin() as connection:
            return await create_key(connection, label, role, organisations, **more)
    finally:
        await engine.dispose()


async def put(writer: Writer, *records: tuple[Any, str, Any], by: str = "test") -> list[str]:
    """Write records in one revision."""
    async with writer.revision(by=by) as revision:
        return [await revision.put(*record) for record in records]
