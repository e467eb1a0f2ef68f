"""The way to the tracking server: what passes unchanged, what does not pass, and that nothing else is ever spoken to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.failures import Failure
from api.tracking.forwarding import Tracking
from api.tracking.settings import TrackingSettings, load_tracking
from api.tracking.target import beyond_prefix
from openoutcry.errors import BadConfig
from tests.api.conftest import TOKENS
from tests.api.test_errors import is_error
from tests.api.test_raw_http import exchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


@dataclass
class Upstream:
    """A tracking server that notes every byte it gets and says what it is told to."""

    says: bytes = OK
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    pause_s: float = 0.0
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = b""
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        body = await reader.readexactly(int(line.partition(b":")[2]))
                    if line == b"transfer-encoding: chunked":
                        body = await reader.readuntil(b"0\r\n\r\n")
                self.heard.append(head + body)
                await asyncio.sleep(self.pause_s)
                writer.write(self.says)
                await writer.drain()
                if b"Content-Length" not in self.says:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def upstream(world, *, path: str = "", **settings: float) -> AsyncIterator[Upstream]:
    """The world's tracking server, configured with ``settings``."""
    there = Upstream()
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0, limit=4 * 1024 * 1024)
    there.address = "http://{}:{}".format(*server.sockets[0].getsockname())
    tracking = Tracking(TrackingSettings(tracking_uri=there.address + path, **settings))
    object.__setattr__(world.floor, "tracking", tracking)
    try:
        yield there
    finally:
        await tracking.close()
        server.close()


async def test_without_a_tracking_server_everything_says_so(world):
    looks = [("GET", "/mlflow/models/x"), ("GET", "/mlflow/experiments/7")]
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    paths = ("/mlflow", "/mlflow/", "/mlflow/api/2.0/mlflow/experiments/list")
    async with world.client("trader") as client:
        for method, path in [*looks, *((method, path) for method in methods for path in paths)]:
            answer = await client.request(method, path)
            assert answer.status_code == 503, (method, path)
            if method != "HEAD":
                said = is_error(answer, 503, "MLFLOW_NOT_CONFIGURED")["detail"]
                assert said.startswith("no MLflow tracking server is configured")


async def test_our_door_comes_first(world):
    async with world.client(None) as nobody, world.client("viewer") as viewer, upstream(world) as there:
        is_error(await nobody.get("/mlflow/api"), 401, "UNAUTHORIZED")
        is_error(
            await nobody.get("/mlflow/api", headers={"Authorization": "Basic dTpw"}), 401, "UNAUTHORIZED"
        )
        is_error(await viewer.post("/mlflow/api", content=b"{}"), 403, "FORBIDDEN")
        is_error(await viewer.delete("/mlflow/api"), 403, "FORBIDDEN")
        assert there.heard == []


async def test_method_query_body_and_authorization_pass_unchanged(world):
    query = "filter=a%20%3D%20'b'&x=%2e%2e&y=%25&z=a+b&empty=&u=https%3A%2F%2Fevil.example"
    body = json.dumps({"name": "ä", "n": 1}).encode() + b"\x00\xff"
    async with world.client("trader") as client, upstream(world) as there:
        for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
            sent = {"Content-Type": "application/x-thing", "X-Custom": "kept"}
            answer = await client.request(
                method, f"/mlflow/api/2.0/a%20b/c~d?{query}", content=body, headers=sent
            )
            assert (answer.status_code, answer.content) == (200, b"{}")
            head, _, got = there.heard[-1].partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            assert lines[0] == f"{method} /api/2.0/a%20b/c~d?{query} HTTP/1.1".encode()
            assert got == body
            headers = {k.lower(): v for k, v in (line.split(b": ", 1) for line in lines[1:])}
            assert headers[b"authorization"] == f"Bearer {TOKENS['trader']}".encode()
            assert headers[b"host"] == there.address.removeprefix("http://").encode()
            assert (headers[b"content-type"], headers[b"x-custom"]) == (b"application/x-thing", b"kept")


async def test_with_our_key_in_its_own_header_authorization_is_the_tracking_servers(world):
    basic = "Basic dXNlcjpwYXNz"
    hidden = {
        "X-API-Key": TOKENS["trader"],
        "Cookie": "s=1",
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    async with world.client(None, Authorization=basic) as client, upstream(world) as there:
        is_error(await client.get("/mlflow/api", headers={"X-API-Key": "wrong"}), 401, "UNAUTHORIZED")
        assert there.heard == []
        assert (await client.post("/mlflow/api", content=b"{}", headers=hidden)).status_code == 200
        heard = there.heard[0].lower()
        assert b"authorization: " + basic.lower().encode() in heard
        for name in hidden:
            assert name.lower().encode() not in heard
        # Elsewhere two credentials are still none.
        is_error(await client.get("/api/v1/orders", headers=hidden), 401, "UNAUTHORIZED")


async def test_the_answer_comes_back_with_its_status_and_headers(world):
    async with world.client("viewer") as client, upstream(world) as there:
        there.says = (
            b"HTTP/1.1 418 Teapot\r\nContent-Length: 4\r\nContent-Type: text/html; charset=latin-1\r\nX-Theirs: yes\r\n"
            b"Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
            b'Content-Encoding: identity\r\nETag: "7"\r\nLocation: http://elsewhere.example/\r\n\r\n<b>\xe4'
        )
        answer = await client.get("/mlflow/get-artifact?path=x")
        assert (answer.status_code, answer.content) == (418, b"<b>\xe4")
        given = answer.headers
        assert (given["content-type"], given["x-theirs"], given["etag"]) == (
            "text/html; charset=latin-1",
            "yes",
            '"7"',
        )
        assert given["location"] == "http://elsewhere.example/" and given["x-correlation-id"]
        for gone in ("set-cookie", "access-control-allow-origin", "x-hop", "connection"):
            assert gone not in given
        assert "sandbox" in given["content-security-policy"]  # a browser shows an artefact without running it
        assert there.connections == 1  # the redirect was not followed


async def test_a_static_prefix_and_a_chunked_body(world):
    async def pieces():
        yield b"one "
        yield b"two"

    async with world.client("trader") as client, upstream(world, path="/mlflow/") as there:
        assert (await client.put("/mlflow/api/x", content=pieces())).status_code == 200
        head, _, body = there.heard[0].partition(b"\r\n\r\n")
        assert head.startswith(b"PUT /mlflow/api/x HTTP/1.1\r\n")
        assert b"one " in body and b"two" in body
        assert (await client.get("/mlflow")).status_code == 200
        assert there.heard[1].startswith(b"GET /mlflow HTTP/1.1\r\n")


ESCAPES = [
    "/mlflow/../api/v1/orders", "/mlflow/a/../../x", "/mlflow/%2e%2e/x", "/mlflow/%2E./x", "/mlflow/.%2e/x",
    "/mlflow/%252e%252e/x", "/mlflow/a/..%2fb", "/mlflow/a%2f..%2f..%2fb", "/mlflow/./x", "/mlflow//evil.example/x",
    "/mlflow/a//b", "/mlflow/%2fevil.example", "/mlflow/@evil.example/", "/mlflow/%40evil.example/", "/mlflow/a\\b",
    "/mlflow/%5c%5cevil.example", "/mlflow/x%0d%0aHost:%20evil", "/mlflow/x%00", "/mlflow/x%0a", "/mlflow/%25252525252e",
    "/%6dlflow/x", "/mlflow/a%5c..%5cb",
]  # fmt: skip
ELSEWHERE = [
    "/mlflow@evil.example/",
    "/mlflowx/y",
    "//evil.example/mlflow/x",
    "/mlflow%2f..%2fx",
    "/mlflow:80/x",
]


async def test_a_path_cannot_leave_the_prefix(world):
    async with upstream(world) as there:
        for path in (*ESCAPES, *ELSEWHERE):
            raw = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKENS['admin']}\r\nConnection: close\r\n\r\n"
            head = (await exchange(world, raw.encode("latin-1"))).partition(b"\r\n\r\n")[0]
            status = int(head.split(b" ")[1])
            assert status == 400 if path in ESCAPES else status in (400, 404), (path, head)
            assert there.heard == [] and there.connections == 0, path


async def test_an_absolute_target_still_goes_to_the_configured_server(world):
    async with upstream(world) as there:
        key = f"Authorization: Bearer {TOKENS['admin']}\r\nConnection: close\r\n\r\n"
        raw = f"GET http://evil.example/mlflow/api HTTP/1.1\r\nHost: evil.example\r\n{key}"
        assert (await exchange(world, raw.encode())).startswith(b"HTTP/1.1 200 ")
        assert there.heard[0].startswith(b"GET /api HTTP/1.1\r\n") and b"evil" not in there.heard[0]


@given(st.text(st.sampled_from("/.%2eE5cCfF@\\a0dDA"), max_size=24))
def test_what_passes_has_no_step_upwards_however_it_is_decoded(rest):
    from urllib.parse import unquote

    try:
        passed = beyond_prefix(b"/mlflow/" + rest.encode()).decode()
    except Failure as failure:
        assert failure.status == 400
        return
    for _ in range(6):
        steps = passed.split("/")
        assert steps[0] == "" and "" not in steps[1:-1] and not {".", ".."} & {*steps} and "\\" not in passed
        passed = unquote(passed, errors="surrogateescape")


async def test_bounds_hold(world):
    big = b"x" * (1024 * 1024 + 1)

    async def pieces():
        yield big[:700_000]
        yield big[:700_000]

    bounds = {"max_request_mb": 1, "max_answer_mb": 1, "connect_timeout_s": 0.5, "idle_timeout_s": 0.5}
    async with world.client("trader") as client, upstream(world, **bounds) as there:
        is_error(await client.post("/mlflow/a", content=big), 413, "PAYLOAD_TOO_LARGE")
        is_error(await client.post("/mlflow/a", content=pieces()), 413, "PAYLOAD_TOO_LARGE")
        assert [one for one in there.heard if one.startswith(b"POST")] == []
        there.says = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big)
        is_error(await client.get("/mlflow/a"), 503, "MLFLOW_ANSWER_TOO_LARGE")
        there.says, there.pause_s = OK, 1.5
        answer = await client.get("/mlflow/a")
        is_error(answer, 503, "MLFLOW_TIMEOUT")
        assert int(answer.headers["retry-after"]) > 0


async def test_an_answer_that_breaks_off_breaks_off(world):
    import httpx

    async with world.client("viewer") as client, upstream(world) as there:
        there.says = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/mlflow/a")
        there.says = b"HTTP/1.1 nonsense\r\n\r\n"
        is_error(await client.get("/mlflow/a"), 503, "MLFLOW_UNAVAILABLE")
        there.says = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"
        is_error(await client.get("/mlflow/experiments/1"), 503, "MLFLOW_UNAVAILABLE")


async def test_a_server_that_is_away(world):
    async with world.client("viewer") as client:
        async with upstream(world) as there:
            pass
        tracking = Tracking(TrackingSettings(tracking_uri=there.address))
        object.__setattr__(world.floor, "tracking", tracking)
        is_error(await client.get("/mlflow/a"), 503, "MLFLOW_UNAVAILABLE")
        is_error(await client.get("/mlflow/models/m"), 503, "MLFLOW_UNAVAILABLE")


async def test_one_slow_request_does_not_delay_another_and_many_are_refused(world):
    bounds = {"max_connections": 1, "connect_timeout_s": 0.2}
    async with world.client("viewer") as client, upstream(world, **bounds) as there:
        there.pause_s = 1.0
        slow = asyncio.create_task(client.get("/mlflow/slow"))
        await asyncio.sleep(0.3)
        is_error(await client.get("/mlflow/next"), 503, "MLFLOW_TIMEOUT")
        assert (await client.get("/health")).status_code == 200
        assert (await slow).status_code == 200


BAD_SETTINGS = [
    "tracking_uri: ftp://x", "tracking_uri: http://user:pass@x", "tracking_uri: http://x/?a=1", "tracking_uri: 'http://x/#'",
    "tracking_uri: http://x/../y", "tracking_uri: 'http://x\\y'", "tracking_uri: http://x:99999", "tracking_uri: http://",
    "tracking_uri: 7", "no_such_field: 1", "max_request_mb: 0", "idle_timeout_s: .inf", "- a list", "tracking_uri: 'http://x y'",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_SETTINGS)
def test_a_wrong_setting_is_named(tmp_path, text):
    (tmp_path / "mlflow.yaml").write_text(text)
    with pytest.raises(BadConfig, match=r"mlflow\.yaml"):
        load_tracking(tmp_path)


def test_the_homes_own_setting_goes_over_the_shipped_one(tmp_path):
    assert load_tracking(tmp_path) == TrackingSettings()  # the shipped file says what the code says
    (tmp_path / "mlflow.yaml").write_text(
        "tracking_uri: https://tracking.example/mlflow\nmax_connections: 3\n"
    )
    found = load_tracking(tmp_path)
    assert (found.tracking_uri, found.max_connections) == ("https://tracking.example/mlflow", 3)
    assert found.idle_timeout_s == 60
