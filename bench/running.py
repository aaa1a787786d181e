"""What is started for a measurement: the service, bare servers, the load; and what they use."""

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File
from typing import Any, Final, NamedTuple

import httpx
import psutil

from bench.urls import Path

HERE: Final = File(__file__).parent
BROEN: Final = str(File(sys.executable).with_name("broen"))
UVICORN: Final = str(File(sys.executable).with_name("uvicorn"))
HOW_TO_GET_WRK: Final = "The benchmark needs wrk: apt-get install wrk (Debian, Ubuntu), or brew install wrk (macOS)."
PATIENCE: Final = 120


class Server:
    """A server with one worker, and the database that it asks, if it does."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds: float, url: str) -> None:
        self.port, self.started_in, self.url = port, seconds, url
        self.process = psutil.Process(process.pid)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False)

    @property
    def cpu(self) -> float:
        """The seconds of CPU that it has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    @property
    def database_cpu(self) -> float:
        """The seconds of CPU that all processes of the embedded PostgreSQL have used."""
        folder = self.url.split("host=")[1].split("&")[0]
        used = 0.0
        for process in psutil.process_iter(["cmdline"]):
            if f"--unix_socket_directories={folder}" in (process.info["cmdline"] or []):
                family = [process, *process.children(recursive=True)]
                used += sum(times.user + times.system for times in (one.cpu_times() for one in family))
        return used

    @property
    def resident(self) -> float:
        """Its resident memory in MB."""
        return float(self.process.memory_info().rss / 2**20)


@contextmanager
def service(url: str, **settings: object) -> Iterator[Server]:
    """The service on a database, with one worker and its log in a file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROEN_")}
    given = {"database_url": url, "log_format": "json", **settings}
    environment = kept | {f"BROEN_{name.upper()}": str(value) for name, value in given.items()}
    with _started([BROEN, "serve", "--port={port}"], environment, url) as server:
        yield server


@contextmanager
def bare(recorded: File) -> Iterator[Server]:
    """A bare server of recorded answers, run as the service is."""
    command = [UVICORN, "bench.bare:app", "--port={port}", "--no-access-log", "--no-server-header", "--lifespan=off"]
    with _started([*command, "--log-level=warning"], os.environ | {"BENCH_RECORDED": str(recorded)}) as server:
        yield server


@contextmanager
def _started(command: Sequence[str], environment: dict[str, str], url: str = "") -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    with (HERE.parent / ".broen-bench" / f"{File(command[0]).name}.log").open("wb") as log:
        command = [part.format(port=port) for part in command]
        process = subprocess.Popen(command, cwd=HERE.parent, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, port, "/v1/regions?limit=1" if url else "")
        yield Server(process, port, time.perf_counter() - begun, url)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    while process.poll() is None:
        try:
            if not path:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            if httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=PATIENCE).is_success:
                return
        except OSError:
            pass
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"{process.args!r} ended; its log is in .broen-bench.")


def record(server: Server, paths: Sequence[Path], to: File) -> None:
    """Record a server's answers, for a bare one to send."""
    recorded: dict[bytes, tuple[dict[str, Any], dict[str, Any]]] = {}
    for path in paths:
        answer = ask(server, path)
        assert answer.status_code == (304 if path.tag else 200), (path, answer.text)
        unwanted = ("date", "connection", "transfer-encoding")
        headers = [(k.lower(), v) for k, v in answer.headers.raw if k.decode().lower() not in unwanted]
        start = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        target, _, query = path.target.partition("?")
        recorded[f"{target}?{query}".encode()] = (start, {"type": "http.response.body", "body": answer.content})
    to.write_bytes(pickle.dumps(recorded))


def ask(server: Server, path: Path) -> httpx.Response:
    """Ask as the load does."""
    headers = {"Accept-Encoding": "identity"} | ({"If-None-Match": path.tag} if path.tag else {})
    return server.client.get(path.target, headers=headers)


class Load(NamedTuple):
    """What came of asking for a while."""

    requests: int
    seconds: float
    bytes: int
    failed: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def load(server: Server, paths: Sequence[Path], connections: int, seconds: float) -> Load:
    """Ask a server over so many connections, for so long."""
    wrk = shutil.which("wrk")
    if not wrk:
        raise SystemExit(HOW_TO_GET_WRK)
    listed = HERE.parent / ".broen-bench" / "paths.txt"
    listed.write_text("".join(f"{path.target}\t{path.tag}\n" for path in paths))
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout=30s", "-s", "load.lua"]
    asked = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}", "--", str(listed)],
        cwd=HERE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = next(line for line in asked.stdout.splitlines() if line.startswith("{"))
    return Load(**json.loads(told))
