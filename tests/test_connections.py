"""Connections: what a client may take its time over, and what it may not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from httpx import AsyncClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app import connections
from app.auth import Role
from app.connections import MOST_HEAD, Connection
from app.rest import sent
from app.settings import Settings
from tests.test_writes import signed_in


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer how long a body is."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server of such connections listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(echo, http=Connection, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        yield bound.getsockname()[1]
        server.should_exit = True
        await serving


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def said(port: int, *parts: bytes) -> bytes:
    """What is answered to bytes that come one after another, until the connection is closed."""
    async with connection(port) as (reader, writer):
        answer = asyncio.create_task(reader.read())
        for part in parts:
            if answer.done():
                break
            writer.write(part)
            await asyncio.sleep(0.02)
        return await asyncio.wait_for(answer, 10)


async def test_a_head_without_end_is_refused(port: int) -> None:
    """Long before it is a burden; whoever else asks is answered."""
    async with connection(port) as (_, writer):
        writer.write(b"GET / HTTP/1.1\r\nX-A: ")
        with pytest.raises((ConnectionError, RuntimeError)):  # noqa: PT012 - it is closed somewhere on the way
            for _ in range(1000):
                writer.write(b"a" * 10_000)
                await writer.drain()
                await asyncio.sleep(0)
    many = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(100))
    answer = await said(port, b"GET / HTTP/1.1\r\n", many[:60_000], many[60_000:], b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/", headers={"X-A": "a" * 60_000})).text == "0 bytes"


async def test_a_body_may_be_longer_than_a_head(port: int) -> None:
    """In one piece with the head too, and one request after another."""
    long = 3 * MOST_HEAD
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (long, b"a" * long)
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await said(port, request, request[:50], request[50:], last)
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert answer.count(b"%d bytes" % long) == 2


async def test_who_begins_a_request_goes_on_with_it(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head is given up with a word, a connection over which nothing comes without; a later one as the first."""
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert await said(port) == b""
    assert (await said(port, whole[:20])).startswith(b"HTTP/1.1 408 ")
    answer = await said(port, whole, whole[:20])
    assert (answer.count(b"HTTP/1.1 200 "), answer.count(b"HTTP/1.1 408 ")) == (1, 1)
    slow = await said(port, *(bytes([letter]) for letter in whole[:-4]))
    assert slow.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_does_not_come_is_not_waited_for(
    fresh: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a problem as any other, and nothing is written."""
    monkeypatch.setattr(sent, "PATIENCE", 0.1)

    async def half() -> AsyncIterator[bytes]:
        yield b'{"kind": "strategy", '
        await asyncio.sleep(60)

    for path, media_type in (("/v1/plans", "application/json"), ("/v1/imports", "application/x-ndjson")):
        async with signed_in(fresh, settings, Role.STEWARD) as client:
            asked = client.post(path, content=half(), headers={"Content-Type": media_type})
            answer = await asyncio.wait_for(asked, 10)
        assert (answer.status_code, answer.json()["type"]) == (408, "urn:broen:problem:request-timeout")
