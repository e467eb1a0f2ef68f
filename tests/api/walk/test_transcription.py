"""The transcription is the documents': block for block, line for line; and nothing in it is left without a meaning."""

import json
import re
from pathlib import Path

import pytest

from tests.api.walk.terms import Comparison
from tests.api.walk.transcribed import HERE, PRODUCTS, SEEDS, examples, lines_to_run, models, terms

at_hand = pytest.mark.skipif(not SEEDS.exists(), reason=f"the documents are not at {SEEDS}")
OPENING = re.compile(r'[\[{]\s*[{"ā]')
ELISIONS = (("{...}", "{}"), (", ...]", "]"), ("// Type-specific data", ""), ("ā", '"'))
"""What the documents write where JSON has no way to say it (and quotation marks that one of them lost)."""


def text_of(product: str) -> str:
    return (SEEDS / f"{product}.txt").read_text()


def balanced(text: str, start: int) -> int:
    """Where the bracket that opens at ``start`` has closed."""
    depth, quoted, at = 0, False, start
    while True:
        if text[at] == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and text[at] in "{[":
            depth += 1
        elif not quoted and text[at] in "}]":
            depth -= 1
        at += 1
        if depth == 0:
            return at


def blocks(text: str) -> list[tuple[int, object]]:
    """Line and content of every JSON block of a document."""
    found, position = [], 0
    while match := OPENING.search(text, position):
        position = balanced(text, match.start())
        block = text[match.start() : position]
        for written, meant in ELISIONS:
            block = block.replace(written, meant)
        found.append((text.count("\n", 0, match.start()) + 1, json.loads(block)))
    return found


@at_hand
@pytest.mark.parametrize("product", PRODUCTS)
def test_every_json_block_of_the_document_is_transcribed_and_no_other(product):
    halves = [(each.request_line, each.request) for each in examples(product)]
    halves += [(each.line, each.response) for each in examples(product)]
    assert sorted((half for half in halves if half[0]), key=lambda half: half[0] or 0) == blocks(
        text_of(product)
    )


@at_hand
def test_every_data_model_is_transcribed():
    text = text_of("cryptofunk")
    kept = {model.line: model.fields for model in models("cryptofunk")}
    found = {}
    for match in re.finditer(r"\{\n((?:\w+: [^\n{}]+,?\n)+)\}", text):
        fields = dict(re.findall(r"(\w+): (.+?),?\n", match[1]))
        if set(fields) & {"id", "name"}:
            found[text.count("\n", 0, match.start()) + 1] = fields
    assert kept == found


@at_hand
@pytest.mark.parametrize("product", PRODUCTS)
def test_every_line_to_run_is_the_documents_but_for_the_white_space_it_lost(product):
    text = re.sub(r"\s", "", text_of(product))
    kept = {**lines_to_run(product, "sh"), **lines_to_run(product, "js")}
    starts = text_of(product).splitlines()
    for line, passage in kept.items():
        assert re.sub(r"\s", "", passage) in text
        assert re.sub(r"\s", "", passage)[:12] in re.sub(r"\s", "", "".join(starts[line - 1 : line + 3])), (
            line
        )
    written = "".join(re.sub(r"\s", "", passage) for passage in kept.values())
    for mark in ("curl-", "fetch(", "newWebSocket("):
        assert written.count(mark) == text.count(mark), mark


def test_the_lines_to_run_are_there():
    assert len(list((HERE / "lines").iterdir())) > 10
    assert all(re.fullmatch(r"[a-z]+_\d+\.(sh|js)", Path(path).name) for path in (HERE / "lines").iterdir())


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_value_of_every_answer_means_something_and_every_meaning_is_used(product):
    """An example is like itself, which asks for the term of each of its values."""
    used: set[str] = set()
    for each in examples(product):
        if each.kind in ("answer", "event") and each.response is not None:
            compare = Comparison(terms(product), each.line)
            said = [d for d in compare(each.response, each.response) if "no term" in d or "says nothing" in d]
            assert said == [], each.line
            used |= compare.used
    assert set(terms(product)) == used
