"""The service as an operator meets it: real processes, real sockets, real signals, a database that comes and goes."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import asyncpg
import httpx
import psutil
import pytest
from httpx import ASGITransport
from sqlalchemy.engine import make_url

from app.auth import Role
from app.cli import main
from app.log import configure
from app.main import create_api, front
from app.settings import Settings
from tests.conftest import connected, execute, make_key, rows, serving, value
from tests.test_writes import signed_in

BROEN: Final = str(Path(sys.executable).with_name("broen"))
PATIENCE: Final = 90


def environment(**settings: object) -> dict[str, str]:
    """This environment, but for its settings, with some of one's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROEN_")}
    return kept | {f"BROEN_{name.upper()}": str(value) for name, value in settings.items()}


def broen(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `broen` in this process, which has all of it loaded, with these settings and no others."""
    out, err, code = io.StringIO(), io.StringIO(), None
    with (
        patch.dict(os.environ, environment(**settings), clear=True),
        patch.object(sys, "argv", [BROEN, *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    told = f"{code}\n" if isinstance(code, str) else ""  # as the interpreter does
    return subprocess.CompletedProcess(arguments, int(bool(code)), out.getvalue(), err.getvalue() + told)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A running `broen serve`."""

    def __init__(self, log: Path, **settings: object) -> None:
        self.port = free_port()
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [BROEN, "serve"], env=environment(port=self.port, **settings), stdout=output, stderr=output
            )

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask it."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30, trust_env=False, **options)

    def wait_until_ready(self) -> None:
        """Wait until it is ready."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def events(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def service(log: Path, **settings: object) -> Iterator[Service]:
    """Run a service until it is ready, and stop it afterwards."""
    running = Service(log, **settings)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def test_two_first_starts_at_once_share_a_database_and_load_once(tmp_path: Path) -> None:
    """In an empty folder both come up; a later start changes no data; nothing is left running."""
    data = tmp_path / "data"
    with service(tmp_path / "1", data_dir=data) as one, service(tmp_path / "2", data_dir=data) as two:
        assert one.get("/v1").json() == two.get("/v1").json()
        assert one.get("/v1").json()["revision"] == 1
        first = one.get("/v1/municipalities?limit=1000")
        said = one.log.read_text()
        assert f"The register   http://127.0.0.1:{one.port}/v1" in said
        assert f"http://127.0.0.1:{one.port}/docs" in said
        assert f"http://127.0.0.1:{one.port}/openapi.json" in said
        assert f"To write, make a key: {BROEN} keys create --role admin" in said
        one.stop()
        assert two.get("/v1/regions").status_code == 200, "the database stays for who still uses it"
        two.stop()
    with service(tmp_path / "3", data_dir=data) as three:
        assert three.get("/v1").json()["revision"] == 1
        again = three.get("/v1/municipalities?limit=1000")
        assert (again.headers["ETag"], again.content) == (first.headers["ETag"], first.content)
        resident = psutil.Process(three.process.pid).memory_info().rss
        assert resident < 175 * 2**20, f"{resident / 2**20:.0f} MB"
        three.stop()
    deadline = time.monotonic() + PATIENCE
    while (data / "socket").exists():
        assert time.monotonic() < deadline, "PostgreSQL stops with its last service"
        time.sleep(0.1)


def test_a_database_that_is_killed_comes_back_under_a_running_service(tmp_path: Path) -> None:
    """Kill -9 of PostgreSQL: 503 with Retry-After at the most, and then answers again, without a restart."""
    with service(tmp_path / "log", data_dir=tmp_path / "data") as running:
        assert running.get("/v1/regions").status_code == 200
        postmaster = int((tmp_path / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while (answer := running.get("/v1/regions")).status_code != 200:
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() < deadline
            time.sleep(0.1)
        running.stop()


async def test_requests_under_way_are_finished_on_sigterm(tmp_path: Path, fresh: str) -> None:
    """A request that waits for the database is answered after SIGTERM; new connections are refused meanwhile."""
    with service(tmp_path / "log", database_url=fresh) as running:
        async with connected(fresh) as connection, httpx.AsyncClient(trust_env=False, timeout=30) as client:
            async with connection.transaction():
                await connection.execute("lock table region in access exclusive mode")
                waiting = asyncio.create_task(client.get(f"http://127.0.0.1:{running.port}/v1/regions"))
                while not await connection.fetchval("select count(*) from pg_locks where not granted"):
                    await connection.execute("select pg_sleep(0.05)")
                running.process.terminate()
                deadline = time.monotonic() + PATIENCE
                while True:
                    try:
                        await client.get(f"http://127.0.0.1:{running.port}/livez", headers={"Connection": "close"})
                    except httpx.TransportError:
                        break
                    assert time.monotonic() < deadline
                assert not waiting.done()
            answer = await waiting
        assert answer.status_code == 200
        assert len(answer.json()["items"]) >= 6
        await asyncio.to_thread(running.process.wait, PATIENCE)


async def test_requests_that_outlast_the_service_are_told_so(tmp_path: Path, fresh: str) -> None:
    """What is not finished in time after SIGTERM is a 503, and a warning in the log."""
    with service(tmp_path / "log", database_url=fresh, shutdown_seconds=1) as running:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=30) as client,
            connected(fresh) as connection,
            connection.transaction(),
        ):
            await connection.execute("lock table region in access exclusive mode")
            waiting = asyncio.create_task(client.get(f"http://127.0.0.1:{running.port}/v1/regions"))
            while not await connection.fetchval("select count(*) from pg_locks where not granted"):
                await connection.execute("select pg_sleep(0.05)")
            running.process.terminate()
            answer = await waiting
        assert (answer.status_code, answer.json()["detail"]) == (503, "The service has been told to stop.")
        assert int(answer.headers["Retry-After"]) > 0
        await asyncio.to_thread(running.process.wait, PATIENCE)
        told = [(event["event"], event["level"]) for event in running.events() if event.get("level") != "info"]
        assert ("unavailable", "warning") in told
        assert not any("Exception" in event for event, _ in told)


def test_several_workers_answer_on_one_port(tmp_path: Path, register: str) -> None:
    """Each reads its own settings. Killed with -9, their parent cannot tell them; they stop by themselves."""
    with service(tmp_path / "log", database_url=register, workers=2, trusted_proxies="127.0.0.1") as running:
        assert {running.get("/v1/regions").status_code for _ in range(20)} == {200}
        workers = psutil.Process(running.process.pid).children(recursive=True)
        assert len(workers) >= 2
        running.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(workers, PATIENCE)
        assert alive == []


def test_each_request_is_one_line_of_json_with_its_id(tmp_path: Path, register: str) -> None:
    """The id that a client gives is kept; health checks make no noise."""
    id = "0f1d0a5e5d8c4a2fb7b5ad6e1f6e9d4c"
    with service(tmp_path / "log", database_url=register, log_format="json") as running:
        answer = running.get("/v1/regions?as_of=2026-01-01", headers={"X-Request-ID": id})
        assert answer.headers.get_list("X-Request-ID") == [id]
        running.get("/livez")
        endless = f"/v1/%{'25' * 25_000}"
        running.get(endless)
        running.stop()
        requests = [event for event in running.events() if event["event"] == "request"]
    assert [len(event["path"]) for event in requests if event["path"].startswith("/v1/%")] == [500]
    (event,) = [event for event in requests if event["request_id"] == id]
    assert (event["path"], event["query"], event["status"]) == ("/v1/regions", "as_of=2026-01-01", 200)
    assert event["ms"] > 0
    assert [e["path"] for e in requests if e["path"] in ("/livez", "/readyz")] == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"port": "eighty"}, "BROEN_PORT"),
        ({"wokers": "2"}, "did you mean BROEN_WORKERS?"),
        ({"database_url": "mysql://secret@host/db"}, "BROEN_DATABASE_URL"),
        ({"today": "tomorrow"}, "BROEN_TODAY"),
        ({"today": "0001-01-01"}, "BROEN_TODAY"),
        ({"root_path": "broen/"}, "BROEN_ROOT_PATH"),
        ({"trusted_proxies": "10.0.0.0/99"}, "BROEN_TRUSTED_PROXIES"),
        ({"statement_seconds": "0"}, "BROEN_STATEMENT_SECONDS"),
        ({"database_url": "postgresql://u:secret@host:port/db"}, "the port of the address should be a number"),
        ({"database_url": "postgresql://u:p@secret/w@host/db"}, "percent-encoded"),
        ({"root_path": "/broen/"}, "BROEN_ROOT_PATH: should begin with / and not end with it, such as /broen."),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none"}, "BROEN_DATABASE_URL says where it is."),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none?sslmode=secure"}, "sslmode"),
        ({"oidc_roles": "a=editor,a=admin"}, "BROEN_OIDC_ROLES: should give each value one role."),
    ],
)
def test_what_is_set_wrong_is_said_in_a_sentence(settings: dict[str, object], says: str) -> None:
    """No traceback, no secret; the variable and what would be right."""
    ended = broen("migrate", **settings)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["export"], "No space left on device"),
        (["keys", "create", "--role=admin", "--label=Mig"], "revoke brn_"),
    ],
)
def test_an_output_that_is_full_is_no_fault_of_the_database(fresh: str, command: list[str], says: str) -> None:
    """It is told as what it is; a key that nobody has seen, with how it is revoked."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [BROEN, *command],
            env=environment(database_url=fresh),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "database" not in ended.stderr.lower()


async def test_no_room_for_temporary_files_is_told(
    fresh: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what will be over, and nothing is written."""
    monkeypatch.setattr("app.rest.importing.sent.TemporaryFile", lambda **_: Path("/dev/full").open("w+b"))  # noqa: SIM115
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        headers = {"Content-Type": "application/x-ndjson"}
        answer = await client.post("/v1/imports", content=b"{}\n" * 10_000, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (503, "There is no room left for temporary files.")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    """With the settings that name it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        command = [BROEN, "serve", f"--port={taken.getsockname()[1]}"]
        ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "see BROEN_HOST and BROEN_PORT" in ended.stderr


@pytest.mark.parametrize(("option", "says"), [("--port=70000", "BROEN_PORT"), ("--workers=0", "BROEN_WORKERS")])
def test_options_are_checked_as_settings_are(option: str, says: str) -> None:
    """Before anything is started."""
    ended = broen("serve", option)
    assert ended.returncode == 1
    assert says in ended.stderr


def test_whatever_an_address_says_to_libpq_is_understood(fresh: str) -> None:
    """By the writes as by the reads: most managed servers have sslmode in theirs."""
    address = f"{fresh}&sslmode=prefer&application_name=elsewhere"
    for command in ("migrate", "load"):
        ended = broen(command, database_url=address)
        assert ended.returncode == 0, ended.stderr


async def test_forwarded_headers_are_believed_from_configured_proxies_only(tmp_path: Path, register: str) -> None:
    """The scheme in a link that the service makes is the proxy's word, if it is trusted."""
    schemes = {}
    for trusted in ("", "127.0.0.1"):
        more = {"trusted_proxies": trusted} if trusted else {}
        with service(tmp_path / "log", database_url=register, **more) as running:
            forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
            running.get("/v1/regions", headers=forwarded)
            running.stop()
            (event,) = [event for event in running.events() if event["event"] == "request"]
            schemes[trusted] = event["client"]
    assert schemes == {"": "127.0.0.1", "127.0.0.1": "203.0.113.7"}


def test_help_and_version_need_no_database() -> None:
    """What a person tries first."""
    said = broen("--help").stdout
    for command in ("serve", "migrate", "load", "keys", "openapi", "version"):
        assert command in said
    version = subprocess.run([BROEN, "version"], env=environment(), capture_output=True, text=True, check=True).stdout
    assert version.strip() == "0.1.0"


def test_whoever_serves_has_in_memory_what_that_takes() -> None:
    """What migrates, mirrors and checks signatures takes a tenth of a worker, and is imported by who needs it."""
    query = "import sys, app.start; print(sorted({'alembic', 'cryptography', 'httpx', 'jwt'} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", query], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert ran.stdout == "[]\n"


async def test_a_database_that_is_away_is_a_problem_and_nothing_worse(settings: Settings) -> None:
    """The service starts, lives, and answers 503 with Retry-After."""
    away = settings.model_copy(update={"database_url": f"postgresql://nobody@127.0.0.1:{free_port()}/none"})
    async with serving(away) as client:
        assert (await client.get("/livez")).status_code == 200
        for path in ("/readyz", "/v1", "/v1/regions", "/v1/regions/dk-1085"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
            assert int(answer.headers["Retry-After"]) > 0
            assert "cannot be reached" in answer.json()["detail"]


async def test_a_server_that_does_not_let_us_in_is_a_problem_and_nothing_worse(fresh: str, settings: Settings) -> None:
    """503 with Retry-After, and the cause is in the log."""
    stranger = make_url(fresh).update_query_dict({"user": "stranger"}).render_as_string(hide_password=False)
    async with serving(settings.model_copy(update={"database_url": stranger})) as client:
        answer = await client.get("/v1/regions")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


async def test_who_waits_too_long_for_a_connection_is_told_so(fresh: str, settings: Settings) -> None:
    """A hanging database does not gather callers without end."""
    few = settings.model_copy(update={"database_url": fresh, "statement_seconds": 0.3, "pool_size": 1})
    async with serving(few) as client, connected(fresh) as connection, connection.transaction():
        await connection.execute("lock table region in access exclusive mode")
        answers = await asyncio.gather(*(client.get("/v1/regions") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {503}
    assert any("Too many questions are waiting" in answer.json()["detail"] for answer in answers)


async def test_connections_that_die_unnoticed_are_replaced(fresh: str, settings: Settings) -> None:
    """Every connection of the pool killed: the next request is answered all the same."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        for _ in range(3):
            answers = await asyncio.gather(*(client.get("/v1/regions") for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            query = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'broen reads'"
            await execute(fresh, f"{query} and datname = current_database()")


async def test_a_statement_that_takes_too_long_is_given_up(fresh: str, settings: Settings) -> None:
    """503, after the statement timeout, and the connection is free again."""
    quick = settings.model_copy(update={"database_url": fresh, "statement_seconds": 0.2, "pool_size": 1})
    async with serving(quick) as client, connected(fresh) as connection:
        async with connection.transaction():
            await connection.execute("lock table region in access exclusive mode")
            answer = await client.get("/v1/regions")
            assert answer.status_code == 503
            assert "took too long" in answer.json()["detail"]
        assert (await client.get("/v1/regions")).status_code == 200


async def test_a_schema_that_is_not_the_newest_is_not_ready(fresh: str, settings: Settings) -> None:
    """503 that says what to run."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        assert (await client.get("/readyz")).status_code == 200
        await execute(fresh, "update alembic_version set version_num = '0001'")
        behind = await client.get("/readyz")
        assert (behind.status_code, behind.headers["Content-Type"]) == (503, "application/problem+json")
        assert "broen migrate" in behind.json()["detail"]
        await execute(fresh, "update alembic_version set version_num = '9999'")
        newer = (await client.get("/readyz")).json()["detail"]
        assert "run the newer version of Broen" in newer
        ended = await asyncio.to_thread(broen, "migrate", database_url=fresh)
        assert (ended.returncode, newer in ended.stderr) == (1, True)
        await execute(fresh, "drop table alembic_version")
        assert "broen migrate" in (await client.get("/readyz")).json()["detail"]


async def test_an_unforeseen_failure_is_a_problem_that_tells_nothing(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """500 with a request id; the cause is in the log under that id, and nowhere else."""
    api = create_api(settings)

    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the cause")

    configure("json", "info")
    transport = ASGITransport(front(api), raise_app_exceptions=False)
    async with api.router.lifespan_context(api), httpx.AsyncClient(transport=transport, base_url="http://b") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "the cause" not in answer.text
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (failure,) = [event for event in logged if event["event"] == "unforeseen failure"]
    assert failure["request_id"] == answer.headers["X-Request-ID"]
    assert "the cause" in failure["exception"]


@pytest.fixture
async def as_service(fresh: str) -> str:
    """A register as the role that serves sees it, with what `broen migrate` grants it."""
    role = f"service_{make_url(fresh).database}"
    await execute(fresh, f"create role {role} login")
    ended = await asyncio.to_thread(broen, "migrate", migration_database_url=fresh, runtime_role=role)
    assert "newest" in ended.stdout
    return make_url(fresh).update_query_dict({"user": role}).render_as_string(hide_password=False)


async def test_the_role_that_owns_the_tables_cannot_be_the_one_that_serves(fresh: str) -> None:
    """It would lose rights that its own foreign keys need; nothing is taken from it."""
    owner = await value(fresh, "select tableowner from pg_tables where tablename = 'revision'")
    ended = await asyncio.to_thread(broen, "migrate", migration_database_url=fresh, runtime_role=owner)
    assert (ended.returncode, "BROEN_RUNTIME_ROLE" in ended.stderr) == (1, True)
    assert (await asyncio.to_thread(broen, "load", database_url=fresh)).returncode == 0


REFUSED: Final = (
    "update revision set note = 'x'",
    "delete from change",
    "truncate change",
    "insert into search_entry (id, resource, record_id) values ('plans/x', 'plans', 'x')",
    "update search_entry set title = 'x'",
    "delete from search_entry",
    "insert into search_word values ('x')",
    "delete from search_word",
    "insert into history.region select * from history.region",
    "select * from history.region",
    "update history.region set name = 'x'",
    "delete from history.region",
    "update revision set by_organisations = null",
    "insert into api_key select 'brn_00000000', 'x', 'x', 'admin', '{}', now()",
    "update api_key set role = 'admin'",
    "update api_key set revoked_at = null",
    "delete from api_key",
    "truncate api_key",
    "create table mine (id int)",
    "alter table region add column mine int",
    "drop table region",
    "update alembic_version set version_num = 'x'",
    "select track('region')",
    "create trigger mine after insert on region execute function history.record('id')",
)


async def test_the_role_that_serves_can_only_add_to_the_log(as_service: str) -> None:
    """By trying."""
    for statement in REFUSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(as_service, statement)


async def test_the_role_that_serves_cannot_borrow_the_owners_rights(as_service: str) -> None:
    """The history trigger acts as its owner, so nobody else may hang it on a table of his own."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await execute(
            as_service,
            "create temp table region (id text) on commit drop;"
            "create trigger mine after insert on region referencing new table as came "
            "for each statement execute function history.record('id from came; drop table change; --')",
        )


async def test_the_role_that_serves_lets_callers_in(as_service: str, fresh: str, settings: Settings) -> None:
    """It notes that their keys are in use, and counts those that do not count."""
    key = await make_key(fresh, Role.ADMIN)
    async with serving(settings.model_copy(update={"database_url": as_service})) as client:
        statuses = [
            (await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code
            for token in (key, "x", key)
        ]
    assert statuses == [200, 401, 200]
    assert await value(fresh, "select last_used_at from api_key") is not None


async def test_the_role_that_serves_can_serve_and_load(as_service: str, settings: Settings) -> None:
    """And what it writes is recorded."""
    async with serving(settings.model_copy(update={"database_url": as_service})) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/v1/regions")).status_code == 200
    ended = await asyncio.to_thread(broen, "load", database_url=as_service)
    assert "unchanged" in ended.stdout
    assert await value(as_service, "select count(*) from revision") == 1
    assert await rows(as_service, "select version from region where version <> 1") == []
