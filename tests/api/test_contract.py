"""Answers have the shapes of the document: its examples kept here, and parsed from its text where that is at hand."""

import json
from pathlib import Path

import pytest

from db import agents
from tests.api.shaped_like import differences
from tests.factories import ORG

EXAMPLES = json.loads((Path(__file__).parent / "document.json").read_text())
SEED = Path(__file__).resolve().parents[3] / "shared" / "seeds" / "cryptofunk.txt"
BODIES = {
    "POST /api/v1/orders": {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.1, "price": None},
    "POST /api/v1/trade/start": {"symbol": "BTC/USDT", "initial_capital": 10000.00, "mode": "PAPER"},
    "POST /api/v1/trade/stop": {"session_id": "{session}", "final_capital": 10500.00},
    "POST /api/v1/trade/pause": {"session_id": "{session}"},
    "PATCH /api/v1/config": {"trading_mode": "paper", "max_position_size": 0.15, "default_stop_loss": 0.03,
                             "llm_temperature": 0.8},
    "POST /api/v1/decisions/search": {"query": "technical voice"},
}  # fmt: skip
LIMIT_ORDER = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 41500.00}


@pytest.fixture
async def asked(answered, admin):
    """Ask by ``METHOD path``, with ids of the world put into ``{placeholders}``."""
    await agents.heartbeat(
        answered.pool, ORG, "technical", "active", {"version": "1.0.0", "type": "analysis"}
    )
    found = (await admin.get("/api/v1/decisions?limit=500&outcome=SUCCESS")).json()["decisions"]
    order = (await admin.get("/api/v1/orders?status=FILLED")).json()["orders"][0]
    working = (await admin.post("/api/v1/orders", json=LIMIT_ORDER)).json()["order"]
    ids = {
        "{decision}": found[0]["id"],
        "{order}": order["id"],
        "{working}": working["id"],
        "{session}": answered.session_id,
    }

    def filled(text: str) -> str:
        for name, value in ids.items():
            text = text.replace(name, value)
        return text

    async def ask(call: str):
        method, path = filled(call).split(" ", 1)
        body = BODIES.get(call)
        sent = None if body is None else json.loads(filled(json.dumps(body)))
        return await admin.request(method, path, json=sent)

    return ask


async def test_every_answer_has_the_documents_shape(asked):
    for call, example in EXAMPLES.items():
        answer = await asked(call)
        assert answer.status_code == (201 if call == "POST /api/v1/orders" else 200), (call, answer.text)
        assert answer.headers["content-type"] == "application/json"
        assert differences(example, answer.json()) == [], call


def blocks(text: str) -> list[dict]:
    """Every JSON object of the document that is complete."""
    found, decoder, position = [], json.JSONDecoder(), 0
    while (start := text.find("\n{", position)) >= 0:
        try:
            value, end = decoder.raw_decode(text, start + 1)
            found.append(value)
            position = end
        except ValueError:
            position = start + 2
    return found


@pytest.mark.skipif(not SEED.exists(), reason="the document is not at hand")
async def test_every_example_of_the_document_is_matched_by_some_answer(asked):
    answers = [(await asked(call)).json() for call in EXAMPLES]
    bodies = [*BODIES.values(), LIMIT_ORDER]
    events = ["type", "timestamp", "data"]
    for example in blocks(SEED.read_text()):
        if "error" in example or list(example) == events or not example:
            continue  # errors and stream messages have their own tests
        near = [
            answer
            for answer in [*answers, *bodies]
            if isinstance(answer, dict) and example.keys() <= answer.keys()
        ]
        assert near, f"nothing answers like {sorted(example)}"
        assert any(differences(example, answer) == [] for answer in near), example
