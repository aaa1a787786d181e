"""The embedded PostgreSQL: shared, stopped with its last service, and started over whatever was left behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.embedded import EmbeddedError, running

QUICK = {"fsync": "off"}
ROOT = Path(__file__).parents[1]
PATHS = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
SERVICE = """
import sys, pathlib, app.embedded
with app.embedded.running(pathlib.Path(sys.argv[1]), options={"fsync": "off"}) as url:
    print(url, flush=True)
    sys.stdin.read()
"""
NOBODY = 65534
TMP = Path("/tmp")  # noqa: S108 - where the sockets are, whatever TMPDIR says


def ask(url: str, question: str) -> object:
    """Answer a query in a session of its own."""

    async def answer() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(answer())


def eventually(condition: Callable[[], object]) -> None:
    """Wait for what has to come true."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it has not come true for 20 seconds"
        time.sleep(0.05)


def processes(folder: Path, program: str) -> list[psutil.Process]:
    """Find the guardians (embedded.py) or servers (postgres) of a folder.

    What they have just forked still bears their command, until it runs a program or takes a title of its own.
    """
    place = {"embedded.py": str(folder), "postgres": str(folder / "postgres")}[program]
    found: dict[psutil.Process, int] = {}  # and each one's parent
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if place in command and any(word.endswith(f"/{program}") for word in command[:3]):
                found[process] = process.ppid()
    numbers = {process.pid for process in found}
    return [process for process, parent in found.items() if parent not in numbers]


def ended(*programs: psutil.Process) -> None:
    """Wait for processes to end; that somebody has still to bury them does not count."""

    def alive(program: psutil.Process) -> bool:
        with suppress(psutil.NoSuchProcess):
            return program.is_running() and program.status() != psutil.STATUS_ZOMBIE
        return False

    eventually(lambda: not any(alive(program) for program in programs))


def sockets(folder: Path) -> list[Path]:
    """List the directories of the folder's sockets."""
    return list(TMP.glob(f"broen-{folder.stat().st_ino}-*"))


def gone(folder: Path) -> bool:
    """Whether nothing of a folder's server is left but its data."""
    left = processes(folder, "embedded.py") + processes(folder, "postgres")
    return not left and not sockets(folder) and not (folder / "postgres" / "postmaster.pid").exists()


@contextmanager
def service(
    folder: Path, user: int | None = None, python: str = sys.executable, environment: Mapping[str, str] = os.environ
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a process that uses the folder's server until its standard input is closed; yield it and what it calls it."""
    with subprocess.Popen(
        [python, "-c", SERVICE, str(folder)],
        env={**environment, "PYTHONPATH": PATHS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder that does not exist yet, and see to it that no server survives its test."""
    yield tmp_path / "data"
    eventually(lambda: not (tmp_path / "data").exists() or gone(tmp_path / "data"))


@contextmanager
def crashed(folder: Path) -> Iterator[None]:
    """Kill guardian and server of a cluster with a table, and afterwards see the next start find the table."""
    with running(folder, options=QUICK) as url:
        ask(url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
        [guardian], [server] = processes(folder, "embedded.py"), processes(folder, "postgres")
        guardian.suspend()  # alive, it would start another server; dead, have this one end in good order
        server.kill()
        guardian.kill()
    ended(guardian, server)
    yield
    with running(folder, options=QUICK) as url:
        assert ask(url, "SELECT answer FROM kept") == 42


def test_first_start_creates_and_the_next_finds_what_was_written(folder: Path) -> None:
    """The cluster is created once, private, in UTF-8 and UTC, and outlives its server."""
    said: list[str] = []
    with running(folder, options={**QUICK, "work_mem": "7MB"}, progress=said.append) as url:
        assert ask(url, "SELECT format('%s %s', current_user, current_database())") == "broen broen"
        assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert ask(url, "SHOW work_mem") == "7MB"
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SELECT lower('ÆØÅ')") == "æøå"
        assert ask(url, "SELECT to_tsvector('danish', 'SØGÅRDS')::text") == "'søgård':1"
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert folder.stat().st_mode & 0o777 == 0o700
    eventually(lambda: gone(folder))
    with running(folder, options=QUICK, progress=said.append) as url:
        assert ask(url, "SELECT answer FROM kept") == 42
    assert said == [f"Creating the database cluster in {folder} …", f"Starting PostgreSQL in {folder} …"]


def test_no_port_is_opened(folder: Path) -> None:
    """The server listens on its socket only, which nobody else can reach."""
    with running(folder, options={**QUICK, "listen_addresses": "*"}) as url:
        assert ask(url, "SHOW listen_addresses") == ""
        [server] = processes(folder, "postgres")
        assert {one.family.name for one in server.net_connections("all")} == {"AF_UNIX"}
        [outer] = sockets(folder)
        assert (outer / "s").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("count", [2, 8])
def test_services_that_start_at_once_share_one_server(folder: Path, count: int) -> None:
    """However many start on an empty folder, there is one guardian and one server, until the last one leaves."""
    with ThreadPoolExecutor(count) as pool, ExitStack() as last:
        stacks = [last, *(last.enter_context(ExitStack()) for _ in range(count - 1))]
        urls = pool.map(lambda stack: stack.enter_context(service(folder))[1], stacks)
        assert len(set(urls)) == 1
        [server] = processes(folder, "postgres")
        assert len(processes(folder, "embedded.py")) == 1
        for stack in stacks[1:]:
            stack.close()
        time.sleep(1)  # in which the guardian would have stopped it
        assert processes(folder, "postgres") == [server]
    ended(server)


def test_a_service_that_comes_while_the_server_stops_gets_a_new_one(folder: Path) -> None:
    """Leaving and coming back at any moment works."""
    for pause in (0.0, 0.1, 0.2, 0.25, 0.3):
        with running(folder, options=QUICK) as url:
            assert ask(url, "SELECT 1") == 1
        time.sleep(pause)


def test_the_server_stops_when_its_only_service_is_killed(folder: Path) -> None:
    """A killed service cannot say goodbye; the kernel does it."""
    with service(folder) as (only, _):
        only.kill()
    eventually(lambda: gone(folder))


def test_a_forked_worker_keeps_the_server(folder: Path) -> None:
    """A worker that was forked by a service has its server even when that service is no more."""
    with ExitStack() as stack:
        url = stack.enter_context(running(folder, options=QUICK))
        ready, release = os.pipe()
        worker = os.fork()
        if not worker:
            os.close(release)
            os.read(ready, 1)
            os._exit(0)
        os.close(ready)
    time.sleep(1)
    assert ask(url, "SELECT 1") == 1
    os.close(release)
    os.waitpid(worker, 0)


def test_a_killed_postgres_is_restarted_for_its_services(folder: Path) -> None:
    """The same URL works again, and nothing committed is lost."""
    with running(folder, options=QUICK) as url:
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        for _ in range(2):
            [server] = processes(folder, "postgres")
            server.kill()
            ended(server)

            def answers() -> object:
                with suppress(OSError, asyncpg.PostgresError):
                    return ask(url, "SELECT answer FROM kept")
                return None

            eventually(lambda: answers() == 42)


def test_after_a_killed_guardian_the_next_start_works(folder: Path) -> None:
    """The server stops with its guardian; a new one serves the old services too, at the same URL."""
    with running(folder, options=QUICK) as url:
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        [guardian], [server] = processes(folder, "embedded.py"), processes(folder, "postgres")
        guardian.kill()
        ended(guardian)
        with running(folder, options=QUICK) as again:
            assert server not in processes(folder, "postgres")
            assert again == url
            assert ask(url, "SELECT answer FROM kept") == 42


def test_sigterm_to_the_guardian_stops_the_server_cleanly(folder: Path) -> None:
    """Whoever shuts the machine down gets a clean database; Ctrl-C and a lost terminal do nothing."""
    with running(folder, options=QUICK) as url:
        [guardian], [server] = processes(folder, "embedded.py"), processes(folder, "postgres")
        guardian.send_signal(signal.SIGINT)
        guardian.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert ask(url, "SELECT 1") == 1
        guardian.terminate()
        ended(guardian, server)
        assert "database system is shut down" in (folder / "postgres.log").read_text().splitlines()[-1]


def test_any_postmaster_pid_may_be_left(folder: Path) -> None:
    """Empty, half-written, or naming a process that is another program's by now or nobody's: it is not believed."""
    like_postgres = {"user": NOBODY} if os.geteuid() == 0 else {}
    with subprocess.Popen(["/bin/sleep", "600"], **like_postgres) as other:  # type: ignore[call-overload]
        whole = f"{other.pid}\n{folder}/postgres\n1700000000\n5432\n{TMP}\n\n"
        for left in ("", "17", f"{other.pid}\n", whole, "4194304\n"):
            with crashed(folder):
                (folder / "postgres" / "postmaster.pid").write_text(left)
                for outer in sockets(folder):
                    (outer / "s" / ".s.PGSQL.5432.lock").write_text(left)
        other.kill()


def test_any_note_of_a_socket_may_be_left(folder: Path) -> None:
    """A note that is lost, damaged or out of date leads nowhere."""
    for note in (None, "", "{tmp}", "{tmp}/broen-0-x/s", "{tmp}/broen-{inode}-gone/s", "ø" * 5000):
        with crashed(folder):
            for outer in sockets(folder):
                shutil.rmtree(outer)
            (folder / "socket").unlink()
            if note is not None:
                (folder / "socket").write_text(note.format(tmp=TMP, inode=folder.stat().st_ino))


def test_a_half_made_cluster_is_thrown_away(folder: Path) -> None:
    """What a killed start left of its initdb is no cluster."""
    (folder / "postgres.new" / "base").mkdir(parents=True)
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with running(folder, options=QUICK) as url:
        assert ask(url, "SELECT 1") == 1
    assert not (folder / "postgres.new").exists()


@pytest.mark.parametrize("name", ["x" * 120 + "/" + "y" * 120, "Mine Æbler på Ærø", """it's "so" $HOME `id` \\ 100%"""])
def test_any_folder_will_do(folder: Path, name: str) -> None:
    """A path longer than a socket's may be, with spaces, Danish letters and quotes, is a folder like any other."""
    with running(folder / name, options=QUICK) as url:
        assert ask(url, "SELECT current_setting('data_directory')") == str(folder / name / "postgres")
    eventually(lambda: gone(folder / name))


@pytest.mark.parametrize("language", ["da_DK.ISO-8859-1", "nonsense"])
def test_any_language_and_any_pg_variable_will_do(folder: Path, language: str) -> None:
    """What the environment says changes neither the cluster nor the way to it."""
    environment = {
        "LANG": language,
        "LC_ALL": language,
        "TZ": "Mars/Olympus",
        "TMPDIR": str(folder.parent / ("t" * 99)),
    }
    server = {"PGDATA": "/x", "PGPORT": "1", "PGHOST": "nowhere", "PGOPTIONS": "--x=y"}
    locale = "SELECT concat_ws(' ', datcollate, datlocale, datlocprovider) FROM pg_database WHERE datname = 'broen'"
    with service(folder, environment=os.environ | environment | server) as (_, url):
        assert ask(url, locale) == "C C.UTF-8 b"
        assert ask(url, "SHOW timezone") == "UTC"


def test_a_server_that_cannot_start_is_reported_with_its_log(folder: Path) -> None:
    """The reader sees PostgreSQL's own words, soon, and nothing stays behind."""
    with running(folder, options=QUICK):
        pass
    eventually(lambda: gone(folder))
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such"'):  # noqa: SIM117
        with running(folder, options={"no_such": "1"}):
            pass


def test_a_folder_that_cannot_be_is_reported(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="file/data cannot hold a database: Not a directory"):  # noqa: SIM117
        with running(tmp_path / "file" / "data"):
            pass


def test_nobody_elses_folder_changes_mode_or_owner(tmp_path: Path) -> None:
    """A folder below private ones works, as root too, and only what is PostgreSQL's own belongs to its user."""
    private = tmp_path / "private"
    folder = private / "open" / "data"
    folder.parent.mkdir(parents=True)
    private.chmod(0o700)
    folder.parent.chmod(0o750)

    def parents() -> list[tuple[int, int, int]]:
        return [(one.stat().st_mode, one.stat().st_uid, one.stat().st_gid) for one in folder.parents]

    before = parents()
    with running(folder, options=QUICK) as url:
        assert parents() == before
        assert folder.stat().st_uid == os.geteuid()
        [server] = processes(folder, "postgres")
        assert server.uids().effective != 0
        assert (folder / "postgres").stat().st_uid == server.uids().effective
        assert ask(url, "SELECT 1") == 1
    eventually(lambda: gone(folder))
    assert parents() == before


def test_an_ordinary_user_has_a_server_and_root_can_use_its_data(folder: Path) -> None:
    """Whoever owns the cluster runs its server; as root, root is tried over an ordinary user's cluster as well."""
    user, python = None, sys.executable
    if os.geteuid() == 0:
        shared = TMP / f"broen-test-{os.getpid()}"
        shared.mkdir()
        os.chown(shared, NOBODY, NOBODY)
        folder = shared / "data"
        # The interpreter of the tests may lie below /root, where that user cannot go.
        for candidate in (sys.executable, "/usr/bin/python3"):
            probe = "import app.embedded; app.embedded._program('postgres')"
            environment = {"PYTHONPATH": PATHS}
            with suppress(OSError):
                if not subprocess.call(
                    [candidate, "-c", probe], user=NOBODY, env=environment, stderr=subprocess.DEVNULL
                ):
                    user, python = NOBODY, candidate
                    break
    with service(folder, user, python) as (_, url):
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    eventually(lambda: gone(folder))
    assert (folder / "postgres").stat().st_uid == (os.geteuid() or NOBODY)
    with running(folder, options=QUICK) as url:
        assert ask(url, "SELECT answer FROM kept") == 42
    eventually(lambda: gone(folder))
    if os.geteuid() == 0:
        shutil.rmtree(folder.parent)
