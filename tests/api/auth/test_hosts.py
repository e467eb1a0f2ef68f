"""Whose names are believed: a table of hosts and origins."""

import pytest

from api.auth.hosts import believed, loopback, read_hosts, welcome, well_formed

OURS = frozenset({"floor.example", "10.0.0.5", "2001:db8::1"})


def test_names_are_read_in_small_letters_without_blanks() -> None:
    assert read_hosts(" Floor.Example ,10.0.0.5,, ") == {"floor.example", "10.0.0.5"}
    assert read_hosts("") == frozenset()


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ([], True),
        ([b"a"], True),
        ([b"a:1"], True),
        ([b"[::1]:80"], True),
        ([b"[::1]"], True),
        ([b"a", b"a"], False),
        ([b"a b"], False),
        ([b"a/b"], False),
        ([b""], False),
        ([b"a:"], False),
        ([b"a:123456"], False),
        ([b"a@b"], False),
        ([b"x" * 254], False),
        ([b"\xff"], False),
    ],
)
def test_one_host_that_names_a_host(said: list[bytes], good: bool) -> None:
    assert well_formed(said) is good


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("floor.example", True),
        ("FLOOR.example:8080", True),
        ("10.0.0.5:1", True),
        ("[2001:db8::1]:443", True),
        ("[2001:db8::1]", True),
        ("localhost", True),
        ("127.0.0.1:8080", True),
        ("127.9.9.9", True),
        ("[::1]:80", True),
        ("evil.example", False),
        ("floor.example.evil.example", False),
        ("floor.example/", False),
        ("floor.example:80@evil.example", False),
        ("127.0.0.1:evil", False),
        ("a b", False),
        ("", False),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("[::2]", False),
    ],
)
def test_ours_and_this_machine_are_believed(host: str, good: bool) -> None:
    assert believed(host, OURS) is good


@pytest.mark.parametrize(
    ("name", "good"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("example", False), ("10.0.0.1", False)],
)
def test_the_loopback(name: str, good: bool) -> None:
    assert loopback(name) is good


@pytest.mark.parametrize(
    ("origin", "host", "good"),
    [
        (None, "anything", True),
        ("https://app.example", "floor.example", True),
        ("https://floor.example", "floor.example", True),
        ("http://FLOOR.example:80", "floor.example:80", True),
        ("http://floor.example", "FLOOR.example", True),
        ("http://floor.example:81", "floor.example:80", False),
        ("http://localhost:3000", "127.0.0.1:8080", True),
        ("http://localhost:3000", "floor.example", False),
        ("http://evil.example", "127.0.0.1", False),
        ("null", "127.0.0.1", False),
        ("file://127.0.0.1", "127.0.0.1", False),
        ("http://127.0.0.1@evil.example", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("https://", "", False),
    ],
)
def test_pages_that_may_open_a_socket(origin: str | None, host: str, good: bool) -> None:
    assert welcome(origin, host, ("https://app.example",)) is good
