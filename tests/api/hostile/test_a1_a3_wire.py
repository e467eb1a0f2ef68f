"""A1 and A3 over real sockets: who dawdles delays nobody, and what is too much is refused at once."""

import asyncio
import gzip
from time import perf_counter

from tests.api.conftest import TOKENS
from tests.api.test_errors import is_error

AUTH = f"Authorization: Bearer {TOKENS['admin']}"
JSON = {"Content-Type": "application/json"}
SLOW = 200


async def opened(world) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = world.address.partition(":")
    return await asyncio.open_connection(host, int(port))


async def asked(world, raw: bytes) -> bytes:
    """Everything that comes back until the server closes, or five seconds pass in silence."""
    reader, writer = await opened(world)
    writer.write(raw)
    found = b""
    try:
        async with asyncio.timeout(5):
            while part := await reader.read(65536):
                found += part
                if b"connection: close" not in found.lower() and found.endswith(b"}"):
                    break
    except (TimeoutError, ConnectionResetError):
        pass
    finally:
        writer.close()
    return found


async def median_s(client) -> float:
    taken = []
    for _ in range(15):
        began = perf_counter()
        assert (await client.get("/api/v1/orders?limit=1")).status_code == 200
        taken.append(perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


async def test_a1_two_hundred_slow_connections_delay_nobody_and_are_cut(world, monkeypatch):
    monkeypatch.setattr("api.http_protocol.HEAD_WITHIN_S", 2.0)
    async with world.client("viewer") as client:
        alone = await median_s(client)
        slow = [await opened(world) for _ in range(SLOW)]
        for number, (_, writer) in enumerate(slow):
            if number % 3:  # a third is half open: connected, and silent
                writer.write(b"GET /api/v1/orders HTTP/1.1\r\nHost: x\r\n"[: 5 + number % 30])
        crowded = await median_s(client)
        assert crowded < 2 * alone + 0.05, (alone, crowded)

        async def dripping(writer: asyncio.StreamWriter) -> None:
            for _ in range(4):  # a byte a second buys no time
                writer.write(b"X")
                await asyncio.sleep(0.7)

        await asyncio.gather(*(dripping(writer) for _, writer in slow), return_exceptions=True)
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*(reader.read() for reader, _ in slow), return_exceptions=True)
        assert len(ends) == SLOW and not any(b"200 OK" in end for end in ends if isinstance(end, bytes))
        assert await median_s(client) < 2 * alone + 0.05


async def test_a1_a_body_of_one_byte_a_second_is_given_up(world, monkeypatch):
    monkeypatch.setattr("api.bodies.READ_TIMEOUT_S", 1.0)
    reader, writer = await opened(world)
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\n{AUTH}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    writer.write(head.encode())
    for _ in range(3):
        writer.write(b"{")
        await asyncio.sleep(0.5)
    answer = await asyncio.wait_for(reader.read(65536), 5)
    assert b" 408 " in answer.splitlines()[0] and b"x-correlation-id" in answer
    writer.close()


async def test_a3_a_body_too_large_is_refused_before_it_is_read(world):
    async with world.client("trader") as client:
        began = perf_counter()
        is_error(
            await client.post("/api/v1/orders", content=b"x" * (10 * 2**20 + 1), headers=JSON),
            413,
            "PAYLOAD_TOO_LARGE",
        )
        assert perf_counter() - began < 5

        async def chunks():
            for _ in range(400):
                yield b" " * 1024

        is_error(
            await client.post("/api/v1/orders", content=chunks(), headers=JSON), 413, "PAYLOAD_TOO_LARGE"
        )


async def test_a3_deep_wide_and_broken_bodies_are_400(world):
    wide = b"{" + b",".join(b'"k%d":1' % n for n in range(4000)) + b"}"
    bodies = [
        b"[" * 10_000 + b"]" * 10_000, b'{"symbol":' * 5_000, wide, b'{"symbol":"\xff\xfe"}', b'{"symbol":"\\ud800"}',
        b'{"symbol":"BTC\\u0000/USDT","side":"BUY","type":"MARKET","quantity":1}', b"\x00", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}',
    ]  # fmt: skip
    async with world.client("trader") as client:
        for path in ("/api/v1/orders", "/api/v1/strategies", "/api/v1/decisions/search", "/api/v1/backtests"):
            for body in bodies:
                answer = await client.post(path, content=body, headers=JSON)
                assert answer.status_code == 400, (path, body[:30], answer.text[:200])
                assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]


async def test_a3_a_million_keys_a_zip_bomb_and_a_flood_of_parts_are_refused(world):
    million = b"{" + b",".join(b'"%d":1' % n for n in range(1_000_000)) + b"}"
    bomb = gzip.compress(b" " * 50_000_000)
    flood = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % n for n in range(800))
        + b"--x--"
    )
    async with world.client("trader") as client:
        is_error(await client.post("/api/v1/orders", content=million, headers=JSON), 413, "PAYLOAD_TOO_LARGE")
        packed = await client.post(
            "/api/v1/orders", content=bomb, headers={**JSON, "Content-Encoding": "gzip"}
        )
        assert packed.status_code in (400, 413, 415)
        parts = await client.post(
            "/api/v1/orders", content=flood, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        is_error(parts, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a3_heads_too_large_are_431_and_414_with_a_correlation_id(world):
    for raw, status in (
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 65_536 + b"\r\n\r\n", b" 431 "),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b" 414 "),
    ):
        answer = await asked(world, raw)
        assert status in answer.splitlines()[0] and b"x-correlation-id" in answer, answer[:200]


async def test_a3_nul_in_path_or_query_is_named(world):
    async with world.client("viewer") as client:
        assert (
            is_error(await client.get("/api/v1/orders?symbol=BTC%00"), 400, "INVALID_ARGUMENT")["field"]
            == "symbol"
        )
        assert (await client.get("/api/v1/strategies/a%00b")).status_code == 400
        assert (await client.get("/api/v1/strategies?search=%ff%fe")).status_code < 500


SMUGGLED = [
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
    b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: a/../b\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: a@b\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: a\r\n X-Folded: b\r\n\r\n",
]


async def test_a11_what_could_be_read_two_ways_is_400(world):
    for raw in SMUGGLED:
        answer = await asked(world, raw)
        assert b" 400 " in answer.splitlines()[0], (raw, answer[:200])
        assert answer.count(b"HTTP/1.1 ") == 1


async def test_a11_methods_kinds_and_spellings_open_nothing(world):
    async with world.client("viewer") as viewer, world.client(None) as nobody:
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            answer = await viewer.get("/api/v1/orders?limit=1", headers={header: "DELETE"})
            assert answer.status_code == 200 and "orders" in answer.json()
        for kind in (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "text/json",
            "application/json5",
        ):
            async with world.client("trader") as trader:
                is_error(
                    await trader.post("/api/v1/orders", content=b"{}", headers={"Content-Type": kind}),
                    415,
                    "UNSUPPORTED_MEDIA_TYPE",
                )
        for path in ("/API/V1/orders", "/api/v1/Orders", "//api/v1/orders", "/api/v1//orders",
                     "/api/v1/orders//", "/api/v1/orders;x",
                     "/api/v1/./orders", "/api/v1/x/../orders", "/api/v1/orders%2f", "/api/v1/orders/"):  # fmt: skip
            answer = await nobody.get(path)
            assert answer.status_code in (401, 404), (path, answer.status_code)
        for method in ("TRACE", "CONNECT", "PROPFIND"):
            answer = await viewer.request(method, "/api/v1/orders")
            assert answer.status_code in (400, 404, 405)
        assert (
            "access-control-allow-origin"
            not in (await viewer.get("/health", headers={"Origin": "https://evil.example"})).headers
        )
