"""The page's own files, read once into memory: nothing is looked up on disk by a name from outside."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from api.encoding import Answer
from api.failures import Failure
from api.requests import AnyRequest

FOLDER = Path(__file__).resolve().parent.parent / "web"
WORTH_ZIPPING = 1024
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REFERENCE_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""The API reference's component writes its styles into its shadow tree."""


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    zipped: bytes | None
    media_type: str
    etag: str


def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file under ``folder`` by its path below it."""
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    )
    return {path.relative_to(folder).as_posix(): _read(path) for path in files}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "text/plain"
    zipped = gzip.compress(content, 6, mtime=0) if len(content) > WORTH_ZIPPING else None
    return Asset(content, zipped, media_type, f'"{hashlib.sha256(content).hexdigest()[:20]}"')


def send(
    request: AnyRequest, assets: dict[str, Asset], name: str, policy: str | None = None
) -> Answer[bytes]:
    """The file ``name``, or 304, or Failure 404. Browsers ask every time: a new version shows at once."""
    asset = assets.get(name)
    if asset is None:
        raise Failure(404, "file not found", path=name)
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    if asset.etag in request.headers.get("if-none-match", ""):
        return Answer(b"", status_code=304, headers=headers, media_type=asset.media_type)
    if asset.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Answer(
            asset.zipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media_type
        )
    return Answer(asset.content, headers=headers, media_type=asset.media_type)
