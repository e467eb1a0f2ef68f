"""Comparing an answer with a document's example: every key of the example is there, with a value of its kind."""

from typing import Any

Number = (int, float)


def kind(value: Any) -> str:
    """The JSON kind of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Number):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


FREE = {"context", "metadata", "by_outcome", "by_decision_type", "by_model", "updates"}
"""Objects whose keys are data, not shape."""


def differences(example: Any, answer: Any, where: str = "$") -> list[str]:
    """What of the example's shape the answer lacks. Null stands for any kind on either side."""
    if kind(example) != kind(answer) and "null" not in (kind(example), kind(answer)):
        return [f"{where}: {kind(answer)} instead of {kind(example)}"]
    found: list[str] = []
    if isinstance(example, dict) and isinstance(answer, dict):
        for key, value in example.items():
            if where.rpartition(".")[2] in FREE:
                break
            if key not in answer:
                found.append(f"{where}.{key}: missing")
            else:
                found += differences(value, answer[key], f"{where}.{key}")
    elif isinstance(example, list) and isinstance(answer, list) and example and answer:
        for item in answer:
            found += differences(example[0], item, f"{where}[]")
    return found
