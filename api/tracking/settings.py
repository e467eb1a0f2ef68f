"""Where the tracking server is, and the bounds of what is handed on: ``config/mlflow.yaml`` under ``{home}/mlflow.yaml``."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError, field_validator

from openoutcry.errors import BadConfig, BadInput
from openoutcry.types.frozen import Frozen
from wire.config import CONFIG_FOLDER
from wire.document import read_document

NAME = "mlflow.yaml"
MEBIBYTE = 1024 * 1024
BASE_PATH = re.compile(r"(/[A-Za-z0-9._~\-]+)*/?", re.ASCII)
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Mebibytes = Annotated[int, Field(ge=1, le=1_048_576)]


class TrackingSettings(Frozen):
    """One tracking server, or none. It is the only address that ``/mlflow`` ever speaks to."""

    tracking_uri: str | None = None
    """``http://host:5000``, or ``https://…``; with a path where the server has a static prefix. No user, no query."""
    connect_timeout_s: Seconds = 5
    """Until the server has accepted a connection, or one of ``max_connections`` is free."""
    idle_timeout_s: Seconds = 60
    """Between two pieces of a request or of an answer, and from the end of a request to the first of its answer."""
    total_timeout_s: Seconds = 600
    """For one request and the whole of its answer."""
    max_request_mb: Mebibytes = 512
    """Largest body of a request in MiB."""
    max_answer_mb: Mebibytes = 512
    """Largest body of an answer in MiB."""
    max_connections: Annotated[int, Field(ge=1, le=1000)] = 16
    """Requests under way at once, per API process."""

    @field_validator("tracking_uri")
    @classmethod
    def _an_address(cls, text: str | None) -> str | None:
        if text is None:
            return None
        parts = _split(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{text!r} must be http://host:port or https://host:port")
        if parts.username is not None or parts.query or parts.fragment or "?" in text or "#" in text:
            raise ValueError("must have no user, query or fragment; callers send their own Authorization")
        if not BASE_PATH.fullmatch(parts.path) or ".." in parts.path.split("/"):
            raise ValueError(f"{parts.path!r} must be a plain path")
        return text


def _split(text: str) -> SplitResult:
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("must be plain ASCII")
    parts = urlsplit(text)
    assert parts.port is None or parts.port > 0  # reading it raises ValueError for one that is none
    return parts


def load_tracking(home: Path) -> TrackingSettings:
    """The shipped file with the home's own over it. Raises BadConfig naming file and field."""
    values: dict[str, object] = {}
    for path in (CONFIG_FOLDER / NAME, home / NAME):
        if not path.exists():
            continue
        try:
            part = read_document(path) or {}
        except BadInput as error:
            raise BadConfig(str(error), field="mlflow") from error
        if not isinstance(part, dict):
            raise BadConfig(f"{path}: must be a mapping", field="mlflow")
        values |= part
    try:
        return TrackingSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadConfig(f"{NAME}: {field}: {first['msg']}", field=f"mlflow.{field}") from error
