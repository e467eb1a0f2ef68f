"""Texts from outside: what YAML and JSON may say, and what is refused with its place."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from openoutcry.errors import BadInput
from wire.document import parse_document, read_document

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), PLAIN, max_size=5))
@effort(max_examples=100, deadline=None)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert parse_document(json.dumps(value)) == value
    assert parse_document(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


def test_yaml_says_what_it_seems_to_say() -> None:
    text = """
    a: no
    b: 1e5
    c: 2024-01-01
    d: 012
    e: 1.5
    f: 12:30
    g: -3
    h: ~
    i:
    j: true
    k: [1, {l: x}]
    m: "0x1F"
    n: 0x1F
    o: 1_000
    p: .5
    """
    assert parse_document(text) == {
        "a": "no",
        "b": 100000.0,
        "c": "2024-01-01",
        "d": "012",
        "e": 1.5,
        "f": "12:30",
        "g": -3,
        "h": None,
        "i": None,
        "j": True,
        "k": [1, {"l": "x"}],
        "m": "0x1F",
        "n": "0x1F",
        "o": "1_000",
        "p": 0.5,
    }


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2, column 1: 'a' is given twice"),
        ("x:\n  a: 1\n  b: 2\n  a: 3", "line 4, column 3: 'a' is given twice"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' is given twice"),
        (BOMB, "aliases are not taken"),
        ("a: {<<: *x}", "aliases are not taken"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: b\n---\nc: d", "another document"),
        ("a: [1, 2", "line 1"),
        ("? [a, b]\n: c", "a name must be a plain text"),
        ('{"a": 1,}', "not valid JSON"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": Infinity}', "Infinity is not a number"),
        ("[" * 50_000, "nested too deeply"),
        ("a: " + "[" * 20_000, "nested too deeply"),
        ("- " * 20_000 + "x", "nested too deeply"),
        ('{"a": ' + "1" * 5_000 + "}", "not valid JSON"),
        ("a: " + "1" * 5_000, "not valid YAML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("x" * 70_000, "longer than 64 KiB"),
        ("a: \x00", "not valid YAML"),
    ],
    ids=range(20),
)
def test_what_cannot_be_read_for_certain_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_document(text, "it")
    assert words in str(refused.value) and str(refused.value).startswith("it: ")
    assert len(str(refused.value)) < 400


def test_both_formats_make_the_same_value() -> None:
    value = {"name": "x", "entry": [{"window": 5, "ratio": 0.5, "on": True, "none": None}]}
    assert parse_document(json.dumps(value)) == parse_document(yaml.safe_dump(value)) == value


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "x.yaml", "no such file"),
        (tmp_path, "not a plain file"),
        (Path("/dev/zero"), "plain"),
    ):
        with pytest.raises(BadInput, match=words):
            read_document(path)
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(10_000_000)
    with pytest.raises(BadInput, match="longer than 64 KiB"):
        read_document(tmp_path / "big.yaml")
