"""The report in a real browser, opened from disk: charts drawn, trades found, both themes, any width, no network."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.browser import chromium
from tests.openoutcry.backtest.report.reporting import html, named, reported

CHROMIUM = chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture
async def browser() -> AsyncIterator:
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


async def opened(browser, folder: Path, text: str, **context):
    """The page from a file, and what went wrong on it or was asked for by it."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    page = await (await browser.new_context(viewport={"width": 1280, "height": 900}, **context)).new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text))
    page.on("request", lambda asked: troubles.append(asked.url) if asked.url != file.as_uri() else None)
    await page.goto(file.as_uri())
    await page.wait_for_selector("#candles canvas")
    return page, troubles


async def test_it_is_drawn_and_answers(browser, tmp_path):
    page, troubles = await opened(browser, tmp_path, html(reported(symbols=("BTC/USDT", "ETH/USDT"))))
    assert await page.locator("canvas").count() == 3
    for chart in ("equity", "fall", "candles"):
        assert await coloured(page, chart) > 500
    assert await page.locator("#table tbody tr").count() == 25
    await page.click("#table th:has-text('net')")
    net = await page.locator("#table tbody tr td:nth-child(10)").all_inner_texts()
    values = [float(text.replace(",", "")) for text in net]
    assert values == sorted(values)
    await page.click("#next")
    assert "page 2" in await page.inner_text("#shown")
    before = await page.inner_text("#bars")
    await page.select_option("#symbol", "1")
    await page.click("[data-days='7']")
    await page.focus("#table tbody tr:nth-child(3)")
    await page.keyboard.press("Enter")
    await page.click("#log")
    assert (await page.inner_text("#bars"), await coloured(page, "candles") > 500) == (before, True)
    assert troubles == []


async def test_both_themes_and_any_width(browser, tmp_path):
    page, troubles = await opened(browser, tmp_path, html(reported()), color_scheme="dark")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = await page.evaluate("getComputedStyle(document.body).color")
    await page.click("#theme")
    assert await page.evaluate("document.documentElement.dataset.theme") == "light"
    assert await page.evaluate("getComputedStyle(document.body).color") != dark
    for width in (390, 820, 1440):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.wait_for_timeout(100)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []


async def test_a_hostile_name_is_only_a_name(browser, tmp_path):
    name = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    page, troubles = await opened(browser, tmp_path, html(named(name)))
    assert "owned" not in (await page.title()).replace(name, "")
    assert await page.evaluate("document.images.length") == 0
    assert name in await page.inner_text("h1")
    assert troubles == []


PAINTED = """(id) => {
  const canvas = document.querySelector(`#${id} canvas`);
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.filter((value, place) => place % 4 === 3 && value > 60).length;
}"""


async def coloured(page, chart: str) -> int:
    """How many pixels of a chart are painted."""
    return await page.evaluate(PAINTED, chart)
