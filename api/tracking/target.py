"""What of a request's path may reach the tracking server.

The address is the configuration's; only what stands after ``/mlflow`` is the caller's, and it is handed on byte by byte. So
it must mean the same to whoever reads it: no step upwards, no empty step, no second spelling of either, however often it is
percent-encoded.
"""

from urllib.parse import unquote_to_bytes

from api.failures import Failure

PREFIX = b"/mlflow"
MOST_DECODINGS = 4
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/")
"""RFC 3986's pchar and the slash."""


def beyond_prefix(raw_path: bytes) -> bytes:
    """The part of a path after ``/mlflow``: empty, or beginning with one slash. Raises Failure 400."""
    if not raw_path.startswith(PREFIX) or raw_path[len(PREFIX) :][:1] not in (b"", b"/"):
        raise _refused("must begin with /mlflow, spelled like that")
    rest = raw_path[len(PREFIX) :]
    if not PLAIN.issuperset(rest):
        raise _refused("has characters that no path has; percent-encode them")
    seen = rest
    for _ in range(MOST_DECODINGS):
        _check(seen)
        decoded = unquote_to_bytes(seen)
        if decoded == seen:
            return rest
        seen = decoded
    raise _refused("is percent-encoded again and again")


def query_of(raw: bytes) -> bytes:
    """A query string as it came. Raises Failure 400 for bytes that no query has."""
    if any(byte <= 0x20 or byte >= 0x7F or byte == 0x23 for byte in raw):
        raise Failure(400, "invalid query parameter", details="the query has characters to percent-encode")
    return raw


def _check(path: bytes) -> None:
    if any(byte < 0x20 or byte == 0x7F for byte in path):
        raise _refused("has control characters")
    if b"\\" in path:
        raise _refused("has a backslash")
    steps = path.split(b"/")[1:]
    if any(step in (b".", b"..") for step in steps):
        raise _refused("has a step upwards")
    if any(step == b"" for step in steps[:-1]):
        raise _refused("has an empty step")
    if steps and steps[0].startswith(b"@"):
        raise _refused("begins like an address")


def _refused(why: str) -> Failure:
    return Failure(400, "invalid path", code="INVALID_PATH", details=f"the path {why}", field="path")
