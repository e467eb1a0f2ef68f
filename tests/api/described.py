"""What makes a description of the API complete, as a list of what is missing."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]

ANYTHING = {
    "Error.*": "further keys name what the error is about",
    "Decision.context.*": "recorded by a round as it was, and replayed",
    "DecisionDetail.context.*": "the same",
    "DecisionDetail.risk.*": "the gate's verdict as it was recorded",
    "Version.metrics.*": "each kind of model measures its own",
    "Version.parameters.*": "each kind of model has its own",
    "OneJob.config.*": "the request as it was sent",
    "Strategy.config.*": "a version's body as it was published",
    "OneStrategy.config.*": "the same",
    "Strategy.rules.*": "the same, its rules",
    "OneStrategy.rules.*": "the same",
    "Merged.strategy.*": "the same, after the changes",
    "AuditEvent.details.*": "what each kind of event has of its own",
    "Message.params.*": "the protocol's; the MCP server behind reads it",
    "Message.result.*": "the same",
    "Message.error.*": "the same",
    "RpcAnswer.result.*": "the server's answer as it is",
    "RpcAnswer.error.data": "the same",
    "ToolItem.input_schema.*": "a JSON schema",
    "ToolItem.output_schema.*": "a JSON schema",
    "ToolAnswer.result.*": "as the tool's own output_schema has it",
    "Bulk.strategy_configs[].*": "whole strategies, read by the strategy's own reader",
    "Wish.user_intent.*": "the caller's own",
    "HyperoptWish.vary.*": "a search space: a range, or a list, by the parameter's path",
    "Found.strategy.*": "a strategy's definition as it was published",
    "Found.trials[].*": "what was tried, whatever its parameters are called",
    "Found.overfitting.*": "figures of the verdict",
    "Found.walk_forward.*": "figures of the verdict",
    "PredictWish.metadata.*": "the caller's own",
    "GivenSignal.metadata.*": "the caller's own",
    "Predicted.metadata.*": "the caller's own",
    "Ensemble.parameters.*": "the caller's own",
    "SectionItem.children[].*": "sections like the one they stand in",
    "StrategyChange.rules.*": "read by the strategy's own reader, which names what is wrong",
    "Inline.strategy.*": "the same",
}
"""Where the document may say "any JSON value", and why."""
FREE = {"Arguments", "Bulk"}
"""Bodies whose further fields are what a tool's own schema says, or the further fields of a backtest (docs/jobs.md)."""
PRINTED = re.compile(r"^[a-z][a-z0-9_]*$")


def operations(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by its call, ``GET /health``."""
    return {
        f"{method.upper()} {path}": op for path, item in made["paths"].items() for method, op in item.items()
    }


def resolved(made: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    while "$ref" in thing:
        _, *steps = thing["$ref"].split("/")
        thing = made
        for step in steps:
            thing = thing[step]
    return thing


def body_of(made: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The schema of an operation's JSON body, with its references resolved one level; empty without one."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return resolved(made, media.get("schema", {}))


def loose(made: dict[str, Any], schema: Any, where: str) -> Iterator[str]:
    """Places of a schema that say nothing: a bare object, a list of anything, a value without a type."""
    if not isinstance(schema, dict) or "$ref" in schema:
        return
    says = {"type", "anyOf", "oneOf", "allOf", "enum", "const"} & schema.keys()
    if not says:
        yield where
    if (
        schema.get("type") == "object"
        and not schema.get("properties")
        and "additionalProperties" not in schema
    ):
        yield where
    if schema.get("type") == "array" and not {"items", "prefixItems"} & schema.keys():
        yield where
    for name, inner in schema.get("properties", {}).items():
        yield from loose(made, inner, f"{where}.{name}")
    for key in ("items", "additionalProperties"):
        yield from loose(made, schema.get(key), f"{where}[]" if key == "items" else f"{where}.*")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(key, ()):
            yield from loose(made, inner, where)


def wrong(made: dict[str, Any], schema: dict[str, Any], value: Any) -> str | None:
    """Why ``value`` is no example of ``schema``."""
    whole = {**schema, "components": made["components"]}
    fault = next(jsonschema.Draft202012Validator(whole).iter_errors(value), None)
    return None if fault is None else f"{fault.json_path}: {fault.message}"[:300]


def missing(made: dict[str, Any], call: str) -> Iterator[str]:
    """Everything an operation lacks."""
    operation = operations(made)[call]
    if not PRINTED.match(operation.get("operationId", "")):
        yield "operationId"
    tags = {tag["name"] for tag in made["tags"]}
    if not operation.get("tags") or not set(operation["tags"]) <= tags:
        yield f"tags: {operation.get('tags')} are not described in api/describing/tags.py"
    for word in ("summary", "description"):
        if not operation.get(word):
            yield f"{word}: the handler needs a docstring"
    yield from _of_parameters(made, call, operation)
    if "requestBody" in operation:
        yield from _of_content(made, operation["requestBody"]["content"], "body")
    yield from _of_answers(made, call, operation)


def _of_parameters(made: dict[str, Any], call: str, operation: dict[str, Any]) -> Iterator[str]:
    parameters = operation.get("parameters", [])
    named = {each["name"] for each in parameters if each["in"] == "path"}
    if named != set(re.findall(r"{(\w+)}", call)):
        yield f"path parameters: {named}"
    for each in parameters:
        where = f"parameter {each['name']}"
        if not each.get("description"):
            yield f"{where}: description"
        if "example" not in each:
            yield f"{where}: example"
        elif (fault := wrong(made, each["schema"], each["example"])) is not None:
            yield f"{where}: its example: {fault}"
        yield from (f"{where}: type" for _ in loose(made, each["schema"], where))


def _of_content(made: dict[str, Any], content: dict[str, Any], where: str) -> Iterator[str]:
    for media, described in content.items():
        if "example" not in described:
            yield f"{where}: example"
        elif (fault := wrong(made, described["schema"], described["example"])) is not None:
            yield f"{where}: its example: {fault}"
        free = described["schema"].get("title") in FREE
        yield from () if free else loose(made, described["schema"], f"{where} {media}")


def _of_answers(made: dict[str, Any], call: str, operation: dict[str, Any]) -> Iterator[str]:
    answers = operation["responses"]
    public = not operation["security"]
    needed = {"400", "414", "429", "431", "503"} | (set() if public else {"401", "403"})
    if "{" in call:
        needed.add("404")
    if "requestBody" in operation:
        needed |= {"408", "413", "415"}
    yield from (f"answer {status}" for status in sorted(needed - answers.keys()))
    for status, answer in answers.items():
        answer = resolved(made, answer)
        if not answer.get("description"):
            yield f"answer {status}: description"
        if "X-Correlation-ID" not in answer.get("headers", {}):
            yield f"answer {status}: headers"
        silent = call.startswith("HEAD ") or (status == "202" and "/mcp/" in call)
        if not silent and not answer.get("content"):
            yield f"answer {status}: body"
        yield from _of_content(made, answer.get("content", {}), f"answer {status}")
