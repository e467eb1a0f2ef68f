"""Heads that are no heads: malformed, too long, endless, slow. Answered in JSON or closed, never waited for."""

import asyncio
import contextlib
import json

import pytest

import api.http_protocol as http_protocol


async def exchange(world, raw: bytes, within_s: float = 3.0) -> bytes:
    """Everything the server says to some bytes until it closes."""
    host, port = world.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(raw)
        return await asyncio.wait_for(reader.read(-1), within_s)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400, "MALFORMED_REQUEST"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "MALFORMED_REQUEST",
        ),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\n" + b"X-Pad: " + b"a" * 40_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nX-Endless: " + b"a" * 60_000, 431, "HEADERS_TOO_LARGE"),
    ],
)
async def test_a_bad_head_is_refused_in_json(world, raw, status, code):
    answer = await exchange(world, raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert json.loads(body)["code"] == code
    assert b"x-correlation-id" in head


@pytest.mark.parametrize("raw", [b"", b"G", b"GET / HTTP/1.1\r\nHost:"])
async def test_a_head_that_does_not_come_is_not_waited_for(world, raw, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN_S", 0.3)
    with pytest.raises((ConnectionResetError, AssertionError)):
        assert await exchange(world, raw) != b""


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost:"])
async def test_nor_is_the_next_head_of_a_connection(world, begun, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN_S", 0.3)
    host, port = world.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(begun)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(-1), 3)
    finally:
        writer.close()


async def test_patience_ends_with_the_head(world, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN_S", 0.3)
    async with world.client("viewer") as client:
        for _ in range(3):
            assert (await client.get("/api/v1/orders?limit=1")).status_code == 200
            await asyncio.sleep(0.4)  # the connection stays open between requests


async def test_two_requests_on_one_connection_are_both_answered(world):
    one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await exchange(world, one + last)).count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/ws/nothing", "/api/v1/orders"])
async def test_a_handshake_where_no_socket_is_gets_the_envelope(world, path):
    asked = (
        f"GET {path} HTTP/1.1\r\nHost: {world.address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head, _, body = (await exchange(world, asked.encode())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 "), head
    said = json.loads(body)
    assert said["code"] == "NOT_FOUND"
    assert f"x-correlation-id: {said['correlation_id']}" in head.decode().lower()
