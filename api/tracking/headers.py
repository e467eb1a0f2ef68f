"""Which headers pass between a caller and the tracking server, and which are between us and one of them."""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
"""RFC 9110, section 7.6.1; so is whatever ``Connection`` names."""
OURS = frozenset((b"host", b"expect", b"x-api-key", b"x-api-dialect", b"cookie", b"forwarded", b"x-real-ip"))
"""Of a request: where it goes is the configuration's, the key opens our door, and nobody vouches for an address."""
NOT_THEIRS = frozenset(
    (
        b"set-cookie",
        b"x-correlation-id",
        b"x-content-type-options",
        b"referrer-policy",
        b"cross-origin-resource-policy",
    )
)
"""Of an answer: what a browser may do with answers of this address is ours to say."""
SANDBOX = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")
"""Artefacts are anybody's HTML: a browser shows them without running them. Where there is another policy, both hold."""


def onward(headers: Iterable[tuple[bytes, bytes]], host: bytes) -> Headers:
    """A request's headers for the tracking server, Authorization among them, as they came."""
    given = [(name.lower(), value) for name, value in headers]
    passed = [
        (name, value)
        for name, value in _end_to_end(given)
        if name not in OURS and not name.startswith(b"x-forwarded-")
    ]
    chunked = any(name == b"transfer-encoding" for name, _ in given)
    framing = [(b"transfer-encoding", b"chunked")] if chunked else []
    return [(b"host", host), *passed, *framing]


def back(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """An answer's headers for the caller."""
    given = [(name.lower(), value) for name, value in headers]
    passed = [
        (name, value)
        for name, value in _end_to_end(given)
        if name not in NOT_THEIRS and not name.startswith(b"access-control-")
    ]
    return [*passed, SANDBOX]


def _end_to_end(given: Headers) -> Headers:
    named = {
        name.strip().lower()
        for header, value in given
        if header == b"connection"
        for name in value.split(b",")
    }
    return [(name, value) for name, value in given if name not in HOP_BY_HOP and name not in named]
