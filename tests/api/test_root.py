"""``/`` for programs and for browsers, and the page's files."""

import gzip

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


PROGRAMS = ["*/*", "application/json", "application/json, text/html", "", "text/plain"]


async def test_a_program_gets_json(world):
    for accept in PROGRAMS:
        async with world.client(None) as client:
            answer = await client.get("/", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["status"] == "running"
        assert answer.headers["vary"] == "Accept"


async def test_a_browser_gets_the_page_under_a_strict_policy(world):
    async with world.client(None) as client:
        page = await client.get("/", headers={"Accept": BROWSER})
        policy = page.headers["content-security-policy"]
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert (
            "style=" not in page.text
            and "onclick" not in page.text
            and "//" not in page.text.replace("<!doctype", "")
        )
        again = await client.get("/", headers={"Accept": BROWSER, "If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        zipped = await client.get("/web/js/main.js", headers={"Accept-Encoding": "gzip"})
        plain = await client.get("/web/js/main.js", headers={"Accept-Encoding": "identity"})
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.content == plain.content
        assert len(gzip.compress(plain.content)) < len(plain.content)
        assert (await client.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"


async def test_other_sites_may_call_only_when_they_are_named(world):
    from api.app import build
    from tests.api.conftest import ASSETS, PLENTY
    from tests.api.ws.serving import served

    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
    async with world.client(None) as client:
        refused = await client.options("/api/v1/orders", headers=preflight)
        assert "access-control-allow-origin" not in refused.headers
    async with served(build(world.floor, ASSETS, PLENTY, ("https://a.example",))) as address:
        world.address = address
        async with world.client("viewer") as client:
            allowed = await client.options("/api/v1/orders", headers=preflight)
            assert allowed.headers["access-control-allow-origin"] == "https://a.example"
            other = await client.get("/api/v1/orders", headers={"Origin": "https://b.example"})
            assert "access-control-allow-origin" not in other.headers
