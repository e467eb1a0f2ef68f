"""CryptoFunk's document over a floor with forty rounds behind it: every answer, every error body, every data model."""

import json

import pytest

from db import agents, embedder
from tests.api.test_errors import NOBODY
from tests.api.walk.terms import unlike, unlike_model
from tests.api.walk.transcribed import example, models
from tests.factories import ORG

ASKED = {
    63: "/", 69: "/api/v1/health", 80: "/api/v1/status", 94: "/api/v1/agents", 122: "/api/v1/agents/technical",
    141: "/api/v1/agents/technical/status", 150: "/api/v1/positions", 179: "/api/v1/positions/BTC/USDT",
    196: "/api/v1/orders?status=FILLED", 225: "/api/v1/orders/{filled}", 257: "/api/v1/orders", 248: "/api/v1/orders",
    274: "/api/v1/orders/{working}", 292: "/api/v1/trade/start", 306: "/api/v1/trade/stop", 318: "/api/v1/trade/pause",
    326: "/api/v1/config", 373: "/api/v1/config", 389: "/api/v1/decisions?symbol=BTC/USDT&outcome=SUCCESS",
    423: "/api/v1/decisions/{decision}", 450: "/api/v1/decisions/{decision}/similar", 478: "/api/v1/decisions/stats",
}  # fmt: skip
ERRORS = {44: "/api/v1/orders/nonsense", 48: "/api/v1/orders", 53: "/api/v1/orders/{nobody}"}
WALKED = {"cryptofunk": {31, *ASKED, *ERRORS}}
MODELS = {
    "order": ("/api/v1/orders", "orders"), "position": ("/api/v1/positions", "positions"),
    "agent": ("/api/v1/agents", "agents"), "session": ("/api/v1/sessions", "sessions"),
}  # fmt: skip


@pytest.fixture
async def ask(answered, admin):
    """Ask what the example at a line asks; ids that the document makes up become ids of this floor."""
    await embedder.embed_all(answered.pool)
    await agents.heartbeat(
        answered.pool, ORG, "technical", "active", {"version": "1.0.0", "type": "analysis"}
    )
    found = (await admin.get("/api/v1/decisions?limit=500&outcome=SUCCESS")).json()["decisions"]
    filled = (await admin.get("/api/v1/orders?status=FILLED")).json()["orders"][0]
    working = await admin.post("/api/v1/orders", json=example("cryptofunk", 248).request)
    ids = {"{decision}": found[0]["id"], "{filled}": filled["id"], "{nobody}": NOBODY}
    ids |= {
        "{working}": working.json()["order"]["id"],
        "123e4567-e89b-12d3-a456-426614174000": answered.session_id,
    }
    admin.headers["X-API-Dialect"] = "cryptofunk"

    def real(text: str) -> str:
        for name, value in ids.items():
            text = text.replace(name, value)
        return text

    async def asking(line: int, path: str):
        printed = example("cryptofunk", line)
        body = None if printed.request is None else json.loads(real(json.dumps(printed.request)))
        answer = await admin.request(printed.method, real(path), json=body)
        assert answer.headers["content-type"] == "application/json"
        assert answer.status_code == printed.status, (line, answer.text)
        return answer.json()

    return asking


async def test_every_answer(ask):
    for line, path in ASKED.items():
        printed, said = example("cryptofunk", line), await ask(line, path)
        if printed.response is not None:
            assert unlike("cryptofunk", line, printed.response, said) == [], line


async def test_an_error_body_is_the_documents_body(answered, ask, admin):
    assert (await ask(44, ERRORS[44]))["error"] == example("cryptofunk", 44).response["error"]
    assert (await ask(53, ERRORS[53])).items() >= {"error": "order not found", "order_id": NOBODY}.items()
    priceless = {**example("cryptofunk", 248).request, "price": None}
    answer = await admin.post("/api/v1/orders", json=priceless)
    assert answer.status_code == 400
    assert answer.json().items() >= example("cryptofunk", 48).response.items()
    assert example("cryptofunk", 31).response.keys() <= answer.json().keys()


async def test_every_data_model(ask, admin):
    for model in models("cryptofunk"):
        path, key = MODELS[model.name]
        rows = (await admin.get(path)).json()[key]
        assert rows, model.name
        for row in rows:
            assert unlike_model(model.fields, row) == [], model.name
