"""The OpenAPI document: complete, valid, and honest about roles, bodies and errors."""

import json
from pathlib import Path

import pytest

from api.describing.links import LINKS
from api.openapi import document
from api.routes import ROUTES
from tests.api.described import ANYTHING, body_of, loose, missing, operations, wrong
from tests.api.documented import openapi
from tests.api.test_access import needed, routes
from tests.api.walk.transcribed import PRODUCTS, examples

BODIES = [
    (f"{each.method} {each.path}".replace("strategies/{id}", "strategies/{name}"), each.request)
    for product in PRODUCTS
    for each in examples(product)
    if each.request is not None and each.method != "WS"
]
"""Every request body that a document prints."""
OF_A_ROW = {"id", "job_id", "backtest_id", "name", "exchange", "slug", "tag", "instance_id"}
ALONE = {
    "post_v1_strategies_name_register",
    "post_v1_strategies_name_instances_instance_id_stop",
    "get_v1_strategies_name_instances_instance_id_logs",
}
"""They take two ids at once, or one in the body."""
NEVER = {"GET /api/v1/crypto-assets/global-market", "POST /api/v1/auth/login"}
"""Documented calls that no floor can answer well: it has no such source."""
VENDOR = Path(__file__).resolve().parents[2] / "web" / "vendor"


@pytest.fixture(scope="module")
def made() -> dict:
    return openapi()


def test_every_route_but_the_pages_is_described(made):
    there = {f"{method} {path}" for method, path in routes()}
    pages = {
        "GET /schema",
        "GET /schema/swagger",
        "GET /docs",
        "GET /schema/openapi.json",
        "GET /favicon.ico",
        "GET /web/{path}",
    }
    assert operations(made).keys() == there - pages


def test_every_operation_tells_its_role_and_its_errors(made):
    for call, operation in operations(made).items():
        role = needed(call)
        assert operation["x-role"] == (role or "public"), call
        assert bool(operation["security"]) == (role is not None), call
        assert operation["description"], call
        assert "429" in operation["responses"], call
        assert role is None or "401" in operation["responses"], call
        success = [status for status in operation["responses"] if status.startswith("2")]
        assert bool(success) == (call not in NEVER), call


def test_every_operation_is_described_whole(made):
    """Parameters, bodies, answers, errors, examples: what is missing is named, operation by operation."""
    lacking = {call: found for call in operations(made) if (found := list(missing(made, call)))}
    assert lacking == {}


def test_no_schema_leaves_open_what_it_could_say(made):
    schemas = made["components"]["schemas"]
    open_ended = {place for name, schema in schemas.items() for place in loose(made, schema, name)}
    assert open_ended == set(ANYTHING)
    assert [name for name in schemas if not name.isalnum()] == [], "two classes of one name"


def test_ids_of_operations_are_unique_and_tell_the_path(made):
    ids = [operation["operationId"] for operation in operations(made).values()]
    assert len(set(ids)) == len(ids)
    assert operations(made)["GET /api/v1/orders/{id}"]["operationId"] == "get_v1_orders_id"


def test_the_document_is_openapi_31_with_every_way_to_show_a_credential(made):
    assert made["openapi"].startswith("3.1.")
    schemes = made["components"]["securitySchemes"]
    assert schemes["api_key"]["in"] == "header" and schemes["api_key"]["name"] == "X-API-Key"
    assert schemes["bearer"]["scheme"] == "bearer" and schemes["bearer"]["bearerFormat"] == "JWT"
    assert {name: flow["tokenUrl"] for name, flow in schemes["oauth2"]["flows"].items()} == {
        "password": "/token",
        "clientCredentials": "/oauth2/token",
    }
    used = {name for tag in operations(made).values() for name in tag["tags"]}
    assert used == {tag["name"] for tag in made["tags"]}


def test_references_and_links_resolve(made):
    ids = {operation["operationId"]: operation for operation in operations(made).values()}

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                thing = made
                for step in value["$ref"].removeprefix("#/").split("/"):
                    thing = thing[step]
            for link in value.get("links", {}).values():
                names = {each["name"] for each in ids[link["operationId"]]["parameters"]}
                assert link["parameters"].keys() <= names, link
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(made)
    assert set(LINKS) <= set(ids)


def test_every_link_leads_from_an_answer_that_has_the_id(made):
    led = {
        operation["operationId"]: {
            name for answer in operation["responses"].values() for name in answer.get("links", ())
        }
        for operation in operations(made).values()
    }
    assert {name: targets for name, targets in led.items() if targets} == {
        name: set(targets) for name, targets in LINKS.items()
    }


def test_whatever_takes_the_id_of_a_row_is_linked_from_where_it_is_told(made):
    linked = {target for targets in LINKS.values() for target in targets}
    taking = {
        operation["operationId"]
        for call, operation in operations(made).items()
        if OF_A_ROW & {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        and not call.partition(" ")[2].startswith("/mlflow")
    }
    assert taking - linked == ALONE


@pytest.mark.parametrize(("call", "given"), BODIES)
def test_the_documents_bodies_fit_the_described_ones(made, call, given):
    schema = body_of(made, operations(made)[call])
    assert wrong(made, schema, given) is None
    assert wrong(made, schema, {**given, "no_such_field": 1}) is not None


async def test_it_is_served_without_a_key_and_the_page_needs_no_other_host(world):
    async with world.client(None) as client:
        served = await client.get("/schema/openapi.json")
        assert served.status_code == 200
        assert served.json() == json.loads(json.dumps(document(ROUTES)))
        page = await client.get("/schema")
        assert page.headers["content-type"].startswith("text/html")
        assert "http" not in page.text.replace("http-equiv", "")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        for other in ("/schema/swagger", "/docs"):
            swagger = await client.get(other)
            assert (
                "http" not in swagger.text
                and "script-src 'self';" in swagger.headers["content-security-policy"]
            )
        for name in ("rapidoc/rapidoc.min.js", "swagger-ui/swagger-ui-bundle.js"):
            script = await client.get(f"/web/vendor/{name}")
            assert script.headers["content-type"].startswith("text/javascript")


def test_vendored_code_stands_beside_its_licence():
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").read_text().strip(), folder.name
        assert f"`{folder.name}/`" in (VENDOR / "README.md").read_text()
