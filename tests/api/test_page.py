"""The live page in a real browser: sign in, watch, ask why, halt; by mouse and keyboard, wide and narrow."""

from collections.abc import AsyncIterator

import pytest

from db import agents, feed
from deploy.browser import chromium
from tests.api.conftest import TOKENS
from tests.api.orchestrating import floor_event
from tests.api.test_live import say
from tests.factories import ORG

CHROMIUM = chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture
async def browser() -> AsyncIterator:
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser, answered) -> AsyncIterator:
    """The page, signed in as admin; fails on any script error or refused resource."""
    for name in ("technical", "trend", "risk", "hedging"):
        await agents.heartbeat(answered.pool, ORG, name, "active", {"type": "analysis"})
    context = await browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme="dark")
    opened = await context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    await opened.goto(f"http://{answered.address}/")
    await sign_in(opened, TOKENS["admin"])
    await opened.wait_for_selector(".decision")
    yield opened
    await context.close()
    assert troubles == []


async def sign_in(page, token: str) -> None:
    await page.fill("#key", token)
    await page.press("#key", "Enter")


async def test_a_wrong_key_is_told_and_a_right_one_kept_for_the_tab_only(browser, answered):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"http://{answered.address}/")
    await sign_in(page, "wrong")
    await page.locator("#sign-in-error", has_text="not accepted").wait_for()
    await sign_in(page, TOKENS["viewer"])
    await page.wait_for_selector(".decision")
    await page.reload()
    await page.wait_for_selector(".decision")
    stores = await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert stores == [0, 1, ""]
    await page.click("#sign-out")
    assert await page.evaluate("sessionStorage.length") == 0
    other = await context.new_page()
    await other.goto(f"http://{answered.address}/")
    assert await other.is_visible("#sign-in")
    await context.close()


async def test_it_shows_the_floor_and_says_where_its_prices_come_from(page, answered):
    assert await page.inner_text("#source") == "RECORDED"
    assert await page.inner_text("#mode") == "PAPER"
    assert "2023-01-02 16:00 UTC" in await page.inner_text("#market-time")
    assert await page.locator("#agents li").count() == 4
    assert "deadline" in await page.inner_text("#agents")
    assert await page.locator(".decision").count() == 40
    assert await page.locator("#equity canvas").count() == 1
    assert await page.locator("#positions li").count() == len(answered.records[-1].portfolio_after.positions)
    assert await page.locator("#tape li").count() > 3


async def test_what_happens_shows_without_a_reload(page, answered):
    await page.wait_for_selector('#link[data-state="live"]')
    async with answered.client("admin") as client:
        await client.post(
            "/api/v1/orders", json={"symbol": "BTC/USDT", "side": "SELL", "type": "MARKET", "quantity": 0.01}
        )
    await page.locator("#tape li:first-child", has_text="0.01 @").wait_for()
    await page.locator("#figures", has_text="42").wait_for()  # one more record


async def test_a_lost_stream_is_resumed_where_it_broke(page, answered):
    await page.wait_for_selector('#link[data-state="live"]')
    answered.floor.hub.stop()
    await page.wait_for_selector('#link[data-state="wait"]')
    await say(answered, floor_event())
    answered.floor.hub.stopping = False
    await page.wait_for_selector('#link[data-state="live"]', timeout=15_000)
    assert await feed.head(answered.pool, ORG) > 0


async def test_a_decision_is_explained_by_keyboard_alone(page):
    await page.focus(".decision >> nth=0")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#why .vote")
    assert await page.locator("#why .vote").count() == 4
    text = await page.inner_text("#why-body")
    for part in (
        "Reasoning",
        "Votes (4)",
        "What it hung on",
        "Orders",
        "Similar situations",
        "What the market looked like",
    ):
        assert part in text
    await page.keyboard.press("Escape")
    assert not await page.is_visible("#why")
    assert await page.evaluate("document.activeElement.className") == "decision"


async def test_text_from_outside_is_never_markup(page, answered):
    evil = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    await answered.pool.execute("UPDATE decisions SET reasoning = $1", evil)
    await answered.pool.execute(
        "UPDATE votes SET reasoning = $1, agent_name = '<i>x</i>' WHERE agent_name = 'risk'", evil
    )
    await page.reload()
    await page.wait_for_selector(".decision")
    await page.click(".decision >> nth=1")
    await page.wait_for_selector("#why .vote")
    assert await page.locator("#floor img, #why img, .decision b, .vote p b").count() == 0
    assert await page.title() == "Open Outcry"


async def test_the_kill_switch_is_thrown_and_released(page):
    await page.click("#halt")
    await page.fill("#reason", "prices look wrong")
    await page.click("#halt-now")
    await page.wait_for_selector("#banner:not([hidden])")
    assert "prices look wrong" in await page.inner_text("#banner")
    await page.click("#halt")
    await page.fill("#reason", "they are right again")
    await page.click("#halt-now")
    await page.wait_for_selector("#banner", state="hidden")


async def test_nothing_sticks_out_at_any_width_in_either_theme(page):
    for width in (390, 820, 1440):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.wait_for_timeout(200)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.click("#theme")
    assert await page.evaluate("document.documentElement.dataset.theme") == "light"


async def test_nothing_is_asked_of_another_host(browser, world):
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(120_000)  # drawing a reference of this length takes a busy machine half a minute
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    await page.goto(f"http://{world.address}/")
    await page.wait_for_load_state("networkidle")
    await page.goto(f"http://{world.address}/schema")
    await page.locator("rapi-doc").get_by_text("/api/v1/orders").first.wait_for(state="attached")
    await page.goto(f"http://{world.address}/docs")
    await page.locator(".opblock-tag-section").first.wait_for()
    assert await page.locator("[data-tag=orders]").count() == 1
    assert hosts == {world.address}
    await context.close()
