"""What a tool declares before it is ever called."""

import json
import re

from jsonschema import Draft202012Validator

from tests.contract.offered import OFFERS, Offer, each

HINTS = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}


@each()
def test_all_hints_are_set_and_agree(offer: Offer) -> None:
    hints = offer.tool["annotations"]
    assert hints.keys() >= HINTS
    if hints["readOnlyHint"]:
        assert not hints["destructiveHint"]
        assert hints["idempotentHint"]


@each(lambda offer: not offer.of_agent)
def test_a_scope_that_only_reads_is_for_tools_that_only_read(offer: Offer) -> None:
    assert offer.scope is not None
    assert offer.scope.endswith(":read") == offer.tool["annotations"]["readOnlyHint"]


@each()
def test_the_tool_and_every_argument_are_described(offer: Offer) -> None:
    assert offer.tool["description"].strip()
    assert [name for name, schema in offer.arguments.items() if not schema.get("description")] == []


@each()
def test_a_name_suits_every_client(offer: Offer) -> None:
    # clients put the server's name before it; 64 characters is the smallest limit among them
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,39}", offer.name)


@each()
def test_arguments_are_strict_and_described_in_valid_schemas(offer: Offer) -> None:
    asked, answered = offer.tool["inputSchema"], offer.tool["outputSchema"]
    Draft202012Validator.check_schema(asked)
    Draft202012Validator.check_schema(answered)
    assert (asked["type"], answered["type"]) == ("object", "object")
    assert asked["additionalProperties"] is False


@each()
def test_lists_and_texts_are_bounded(offer: Offer) -> None:
    def unbounded(schema: object) -> bool:
        if isinstance(schema, list):
            return any(unbounded(part) for part in schema)
        if not isinstance(schema, dict):
            return False
        kind = schema.get("type")
        free = kind == "array" and "maxItems" not in schema
        words = kind == "string" and not {"maxLength", "pattern", "enum", "format", "const"} & schema.keys()
        return free or words or any(unbounded(schema.get(key)) for key in ("anyOf", "items"))

    assert [name for name, schema in offer.arguments.items() if unbounded(schema)] == []


@each(lambda offer: not offer.of_agent)
def test_the_answer_says_what_it_is_its_time_and_its_source(offer: Offer) -> None:
    fields = offer.tool["outputSchema"]["properties"]
    assert fields.keys() >= {"result_id", "as_of", "source", "stale"}
    assert fields["source"]["enum"] == ["live", "recorded", "synthetic"]


def test_a_server_s_list_does_not_flood_a_context() -> None:
    for server in {offer.server for offer in OFFERS}:
        listed = [offer.tool for offer in OFFERS if offer.server == server]
        assert len(json.dumps(listed)) < 80_000, server
