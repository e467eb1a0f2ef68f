"""Models and their versions as they are stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from db.pool import Row
from openoutcry.errors import BadInput
from openoutcry.strategy.semver import Number

Stage = Literal["None", "Staging", "Production", "Archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model, without its artefact. ``seed`` and the times of training say how to make it again."""

    id: UUID
    name: str
    kind: str
    version: str
    number: Number
    stage: Stage
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    content_hash: str
    seed: int
    trained_from: datetime
    trained_until: datetime
    notes: str
    created_by: str
    created_at: datetime
    promoted_at: datetime | None
    archived_at: datetime | None

    @property
    def archived(self) -> bool:
        """Whether it was put away; it can be rolled back to."""
        return self.stage == "Archived"


OF_MODEL = ("name", "kind")
COLUMNS = ", ".join(
    f"{'m' if field.name in OF_MODEL else 'v'}.{field.name}" for field in fields(ModelVersion)
)
FROM = "FROM model_versions v JOIN models m ON m.id = v.model_id"


def version_of(row: Row) -> ModelVersion:
    """A row with the columns of ``COLUMNS``."""
    found = {field.name: row[field.name] for field in fields(ModelVersion)}
    return ModelVersion(**{**found, "number": tuple(row["number"])})


def parse_name(text: object, *, field: str = "name") -> str:
    """The name of a model. Raises BadInput."""
    if not isinstance(text, str) or not NAME.fullmatch(text):
        raise BadInput(
            f"{field}: {str(text)[:60]!r} must be 1 to 100 letters, digits, dots, dashes or underscores",
            field=field,
        )
    return text


def parse_stage(text: object, *, field: str = "stage") -> Stage:
    """A stage, in any case. Raises BadInput."""
    found = {stage.lower(): stage for stage in STAGES}.get(text.lower() if isinstance(text, str) else "")
    if found is None:
        raise BadInput(f"{field}: {str(text)[:40]!r} must be one of {', '.join(STAGES)}", field=field)
    return found
