"""The OpenAPI document: complete, valid, and honest about roles, bodies and errors."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from api.openapi import document
from api.routes import ROUTES
from tests.api.test_access import needed, routes
from tests.api.walk.transcribed import PRODUCTS, examples

BODIES = [
    (f"{each.method} {each.path}".replace("strategies/{id}", "strategies/{name}"), each.request)
    for product in PRODUCTS
    for each in examples(product)
    if each.request is not None and each.method != "WS"
]
"""Every request body that a document prints."""
VENDOR = Path(__file__).resolve().parents[2] / "web" / "vendor"


@pytest.fixture(scope="module")
def made() -> dict:
    return document(ROUTES)


def operations(made: dict) -> dict[str, dict]:
    return {
        f"{method.upper()} {path}": op for path, item in made["paths"].items() for method, op in item.items()
    }


def test_every_route_but_the_pages_is_described(made):
    there = {f"{method} {path}" for method, path in routes()}
    pages = {"GET /schema", "GET /schema/openapi.json", "GET /favicon.ico", "GET /web/{path}"}
    assert operations(made).keys() == there - pages


def test_every_operation_tells_its_role_and_its_errors(made):
    for call, operation in operations(made).items():
        role = needed(call)
        assert operation["x-role"] == (role or "public"), call
        assert bool(operation["security"]) == (role is not None), call
        assert operation["description"], call
        assert "429" in operation["responses"], call
        assert ("401" in operation["responses"]) == (role is not None), call
        success = [status for status in operation["responses"] if status.startswith("2")]
        assert success, call


def test_references_resolve(made):
    schemas = made["components"]["schemas"]

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in schemas, value
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(made["paths"])
    walk(schemas)


@pytest.mark.parametrize(("call", "given"), BODIES)
def test_the_documents_bodies_fit_the_described_ones(made, call, given):
    media = operations(made)[call]["requestBody"]["content"]["application/json"]
    schema = {**media["schema"], "components": made["components"]}
    body = {key: value for key, value in given.items() if value is not None}
    jsonschema.validate(body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, "no_such_field": 1}, schema)


def test_examples_fit_their_schemas(made):
    for call, operation in operations(made).items():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in media:
            example = {key: value for key, value in media["example"].items() if value is not None}
            whole = {**media["schema"], "components": made["components"]}  # where its parts are referred to
            jsonschema.validate(example, whole), call
        for answer in operation["responses"].values():
            media = answer.get("content", {}).get("application/json", {})
            if "example" in media:
                (
                    jsonschema.validate(
                        media["example"], {**media["schema"], "components": made["components"]}
                    ),
                    call,
                )


async def test_it_is_served_without_a_key_and_the_page_needs_no_other_host(world):
    async with world.client(None) as client:
        served = await client.get("/schema/openapi.json")
        assert served.status_code == 200
        assert served.json() == json.loads(json.dumps(document(ROUTES)))
        page = await client.get("/schema")
        assert page.headers["content-type"].startswith("text/html")
        assert "http" not in page.text.replace("http-equiv", "")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        script = await client.get("/web/vendor/rapidoc/rapidoc.min.js")
        assert script.headers["content-type"].startswith("text/javascript")


def test_vendored_code_stands_beside_its_licence():
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").read_text().strip(), folder.name
        assert f"`{folder.name}/`" in (VENDOR / "README.md").read_text()
