"""The lines of AmpFi's document, run as they stand: only the base URL and the token's placeholder are ours."""

import asyncio
import json
import os
import shutil

import pytest

from tests.api.conftest import TOKENS
from tests.api.test_public_strategy import market  # noqa: F401

BASE, PLACEHOLDER = "https://rose.ampfi.app", "YOUR_BEARER_TOKEN"
CURL = """\
curl -X GET "https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT" \\
  -H "Authorization: Bearer YOUR_BEARER_TOKEN"
"""
CURL_WITH_PRICE = """\
curl -X GET "https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT?currentPrice=45000.50" \\
  -H "Authorization: Bearer YOUR_BEARER_TOKEN"
"""
ERRORS = """\
try {
  const response = await fetch(
    'https://rose.ampfi.app/api/v1/public/strategy/BTCUSDT',
    {
      headers: {
        'Authorization': 'Bearer YOUR_BEARER_TOKEN'
      }
    }
  );
  if (!response.ok) {
    const error = await response.json();
    if (response.status === 401) {
      console.error('Invalid token:', error);
      // Handle token refresh or re-authentication
    } else if (response.status === 403) {
      console.error('Expert plan required:', error);
      // Redirect to pricing page
    } else if (response.status === 404) {
      console.error('Symbol not found:', error);
      // Handle symbol not available
    } else {
      console.error('API error:', error);
    }
    return;
  }
  const data = await response.json();
  console.log('Strategy data:', data);
} catch (error) {
  console.error('Network error:', error);
}
"""
BASIC = """\
async function getStrategy(symbol) {
  const response = await fetch(
    `https://rose.ampfi.app/api/v1/public/strategy/${symbol}`,
    {
      headers: {
        'Authorization': `Bearer ${process.env.AMPFI_API_TOKEN}`
      }
    }
  );
  if (!response.ok) {
    throw new Error(`API error: ${response.status}`);
  }
  return await response.json();
}
// Usage
const strategy = await getStrategy('BTCUSDT');
console.log('Signal:', strategy.strategy.signal);
console.log('Confidence:', strategy.strategy.confidence);
"""
WITH_PRICE = """\
async function getStrategyWithPrice(symbol, currentPrice) {
  const url = new URL(
    `https://rose.ampfi.app/api/v1/public/strategy/${symbol}`
  );
  url.searchParams.append('currentPrice', currentPrice.toString());
  const response = await fetch(url, {
    headers: {
      'Authorization': `Bearer ${process.env.AMPFI_API_TOKEN}`
    }
  });
  return await response.json();
}
// Usage with real-time price
const currentPrice = 45000.50; // From your price feed
const strategy = await getStrategyWithPrice('BTCUSDT', currentPrice);
"""
PARSING = """\
async function parseStrategy(symbol) {
  const response = await fetch(
    `https://rose.ampfi.app/api/v1/public/strategy/${symbol}`,
    {
      headers: {
        'Authorization': `Bearer ${process.env.AMPFI_API_TOKEN}`
      }
    }
  );
  const data = await response.json();
  const strategy = data.strategy;
  // Extract key information
  return {
    symbol: data.symbol,
    signal: strategy.signal,
    regime: strategy.regime,
    confidence: strategy.confidence,
    entryPrice: strategy.entry_price,
    targetPrice: strategy.target_price,
    stopLoss: strategy.stop_loss,
    isStale: strategy.staleness?.is_stale || false,
    reason: strategy.reason
  };
}
// Usage
const parsed = await parseStrategy('BTCUSDT');
if (parsed.signal === 'buy' && parsed.confidence > 0.7) {
  console.log('High confidence buy signal!');
  console.log('Entry:', parsed.entryPrice);
  console.log('Target:', parsed.targetPrice);
  console.log('Stop Loss:', parsed.stopLoss);
}
"""


async def ran(address: str, token: str, *words: str) -> tuple[str, str]:
    """What a program printed on its two outputs, told the test's address and token."""
    told = [word.replace(BASE, f"http://{address}").replace(PLACEHOLDER, token) for word in words]
    child = await asyncio.create_subprocess_exec(
        *told,
        env={**os.environ, "AMPFI_API_TOKEN": token, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 0, err.decode()
    return out.decode(), err.decode()


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found


def script(lines: str) -> tuple[str, ...]:
    """As the body of an async function, where the document's ``await`` and ``return`` may stand."""
    return program("node"), "-e", f"(async () => {{ {lines} }})()"


async def test_the_curl_lines(market):  # noqa: F811
    program("curl")
    for line in (CURL, CURL_WITH_PRICE):
        out, _ = await ran(market.address, TOKENS["viewer"], "sh", "-c", line)
        assert json.loads(out)["symbol"] == "BTCUSDT"
    assert json.loads(out)["strategy"]["current_price"] == 45000.5
    out, _ = await ran(market.address, "wrong", "sh", "-c", CURL)
    assert {"error": "Invalid bearer token", "code": "INVALID_BEARER_TOKEN"}.items() <= json.loads(
        out
    ).items()


async def test_the_first_two_examples(market):  # noqa: F811
    out, _ = await ran(market.address, TOKENS["viewer"], *script(BASIC))
    assert "Signal: buy" in out and "Confidence: 0." in out
    out, _ = await ran(
        market.address, TOKENS["viewer"], *script(WITH_PRICE + "console.log(JSON.stringify(strategy))")
    )
    assert json.loads(out)["strategy"]["current_price"] == 45000.5


async def test_the_example_that_parses(market):  # noqa: F811
    out, _ = await ran(
        market.address, TOKENS["viewer"], *script(PARSING + "console.log(JSON.stringify(parsed))")
    )
    parsed = json.loads(out.splitlines()[-1])
    assert parsed["signal"] == "buy" and parsed["isStale"] is False
    assert parsed["stopLoss"] < parsed["entryPrice"] < parsed["targetPrice"]
    assert ("High confidence buy signal!" in out) == (parsed["confidence"] > 0.7)


async def test_the_example_that_handles_errors(market):  # noqa: F811
    out, _ = await ran(market.address, TOKENS["viewer"], *script(ERRORS))
    assert "Strategy data:" in out
    _, err = await ran(market.address, "wrong", *script(ERRORS))
    assert "Invalid token:" in err and "INVALID_BEARER_TOKEN" in err
    _, err = await ran(market.address, TOKENS["viewer"], *script(ERRORS.replace("BTCUSDT", "TRUMPUSDT")))
    assert "Symbol not found:" in err
