"""Every route of the contract is in the OpenAPI document and answers a call as that document says it does."""

import asyncio
import json
import re
import warnings
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.routes import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.dialects import DIALECTS
from api.routes import ROUTES
from tests.api.conftest import TOKENS
from tests.api.documented import openapi
from tests.api.test_access import PUBLIC
from tests.api.walk.contracted import AWAITED, CALLS, ELSEWHERE, FIRST, LAST, QUEUED, Call, bare, contract
from tests.api.walk.whole import filled, furnished, staffed
from tests.db.strategies.registered import validated
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]
REST = ROOT.parent / "shared" / "contract" / "rest.md"
NAMES = [each.name for each in contract()]
HTTP = [name for name in dict.fromkeys(NAMES) if not name.startswith("WS ")]


def operations() -> dict[str, tuple[str, Any]]:
    """Bare name → path and operation of the document."""
    return {
        f"{method.upper()} {bare(path)}": (path, operation)
        for path, item in openapi()["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }


def test_what_is_still_awaited():
    there = operations()
    late = [name for name in AWAITED if name not in there]
    if late:
        warnings.warn(f"{len(late)} routes of the contract are awaited: {', '.join(late)}", stacklevel=1)
    assert set(AWAITED) <= set(HTTP)


def test_every_route_of_the_contract_is_in_the_document():
    there = operations()
    assert [name for name in HTTP if name not in there and name not in AWAITED] == []


def test_every_socket_of_the_contract_is_routed_and_described():
    nobody = Provide(lambda: None, sync_to_thread=False)
    app = Litestar(ROUTES, dependencies={"floor": nobody}, openapi_config=None)
    there = {bare(route.path_format) for route in app.routes if isinstance(route, WebSocketRoute)}
    page = (ROOT / "docs" / "api.md").read_text()
    for each in contract():
        if each.method == "WS":
            assert bare(each.path) in there and f"`{each.path}" in page, each.path


@pytest.mark.skipif(not REST.exists(), reason=f"the contract is not at {REST}")
def test_every_route_that_the_contract_spells_out_is_in_the_data():
    text = REST.read_text()
    ours = text[: text.index("## 4. Collisions")] + text[text.index("## 6. CryptoFunk") :]
    spelled = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*)", ours)
    spelled += [(m, p) for m, p in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) `(/[^`\s?]*)`", ours)]
    kept = set(NAMES) | {name.replace("/api/v1/", "/") for name in NAMES}
    named = {f"{method} {bare(path.rstrip('/') or '/')}" for method, path in spelled}
    loose = {
        name
        for name in named
        if name not in kept and not re.search(r"…|\[|/api/v1/correlation$|risk-budget$", name)
    }
    assert loose - KNOWN_BY_ANOTHER_NAME.keys() == set() and set(KNOWN_BY_ANOTHER_NAME.values()) <= set(NAMES)


KNOWN_BY_ANOTHER_NAME = {
    "POST /archive|/unarchive": "POST /api/v1/backtests/{}/archive", "DELETE /api/v1/api-keys": "DELETE /api/v1/api-keys/{}",
}  # fmt: skip
"""How the contract shortens a path that the data has in full."""


def test_calls_and_exceptions_are_of_the_contract():
    assert {*CALLS, *ELSEWHERE, *FIRST, *LAST, *QUEUED} <= set(HTTP)
    for name, file in ELSEWHERE.items():
        head = name.split(" ")[1].partition("{")[0].rstrip("/")
        assert head in (ROOT / file).read_text(), name


class Walker:
    """Calls route after route, keeps what later calls need, and holds each answer against the document."""

    def __init__(self, world: Any, ids: dict[str, str]) -> None:
        self.world, self.ids = world, ids
        self.document, self.operations = openapi(), operations()
        self.called: list[str] = []

    async def call(self, name: str) -> list[str]:
        """What is wrong with the answer."""
        path, operation = self.operations[name]
        how = CALLS.get(name, Call())
        asked = filled(how.path or path, self.ids)
        body = how.body if how.body is not None else _example(operation)
        sent = None if body is None or how.form else json.loads(filled(json.dumps(body), self.ids))
        form = None if how.form is None else {key: filled(value, self.ids) for key, value in how.form.items()}
        async with self.world.client(how.role or None) as client:
            answer = await client.request(name.split(" ")[0], asked, json=sent, data=form, timeout=PATIENCE_S)
        self.called.append(name)
        wanted = [how.status] if how.status else [200, 201, 202]
        if answer.status_code not in wanted or str(answer.status_code) not in operation["responses"]:
            return [f"{name}: {answer.status_code} {answer.text[:300]}"]
        if how.kept:
            self._keep(how.kept, answer.json())
        return [
            f"{name}: {wrong}"
            for wrong in self._unlike(operation["responses"][str(answer.status_code)], answer)
        ]

    def _keep(self, kept: str, body: Any) -> None:
        part, _, name = kept.partition("=")
        for key in part.split("."):
            body = body[key]
        self.ids[name or part] = body

    def _unlike(self, response: Any, answer: Any) -> list[str]:
        media = response.get("content", {}).get("application/json")
        if media is None or not media.get("schema") or not answer.content:
            return []
        if answer.headers["content-type"] != "application/json":
            return [f"{answer.headers['content-type']} instead of JSON"]
        schema = {**media["schema"], "components": self.document["components"]}
        validator = jsonschema.Draft202012Validator(schema)
        return [
            f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer.json())
        ][:3]


def _example(operation: Any) -> Any:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return media.get("example")


def order(names: list[str]) -> list[str]:
    """What makes something before what reads it, what ends something last."""
    rest = [name for name in names if name not in (*FIRST, *LAST, *QUEUED)]
    return [name for name in rest if name.startswith("POST")] + [
        name for name in rest if not name.startswith("POST")
    ] + [name for name in LAST if name in names]  # fmt: skip


@pytest.mark.timeout(4 * PATIENCE_S)
async def test_every_route_answers_as_described(answered, tmp_path):
    ids = await furnished(answered, tmp_path)
    walker = Walker(answered, ids)
    wanted = [name for name in HTTP if name in walker.operations and name not in ELSEWHERE]
    wrong = [fault for name in FIRST for fault in await walker.call(name)]
    async with staffed(answered, tmp_path, ids):
        for name in order(wanted):
            wrong += await walker.call(name)
    for name in QUEUED:
        wrong += await walker.call(name)
        if name.endswith("/stage"):
            await validated(answered.pool, UUID(ids["validation_id"]))
    assert wrong == [], "\n".join(wrong)
    assert set(walker.called) == set(wanted)


async def test_every_socket_lets_in_who_it_knows_and_nobody_else(answered, tmp_path):
    ids = await furnished(answered, tmp_path)
    for path in (each.path for each in contract() if each.method == "WS"):
        address = f"ws://{answered.address}{path.replace('{job_id}', ids['waiting'])}"
        async with connect(
            address, additional_headers={"Authorization": f"Bearer {TOKENS['trader']}"}
        ) as socket:
            await socket.send('{"type": "ping"}')
            heard: set[str] = set()
            while not heard & {"pong", "QUEUED", "CANCELLED"}:
                frame = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
                heard |= {str(frame.get("type")), str(frame.get("status"))}
        with pytest.raises(ConnectionClosed) as closed:
            async with connect(address, additional_headers={"Authorization": "Bearer nonsense"}) as socket:
                await asyncio.wait_for(socket.recv(), 10)
        assert closed.value.rcvd.code == 1008, path


async def test_without_credentials_every_documented_route_is_401_in_every_dialect(world):
    public = {f"{call.split(' ')[0]} {bare(call.split(' ')[1])}" for call in PUBLIC}
    gets = [each for each in contract() if each.method == "GET" and each.name not in public]
    async with world.client(None) as client:
        for each in {each.name: each for each in gets if each.name not in AWAITED}.values():
            for dialect in DIALECTS:
                path = re.sub(r"\{[^}]*\}", "anything", each.path)
                answer = await client.get(path, headers={"X-API-Dialect": dialect})
                assert answer.status_code == 401, (each.path, dialect, answer.text)
                assert answer.headers["www-authenticate"].startswith("Bearer")
