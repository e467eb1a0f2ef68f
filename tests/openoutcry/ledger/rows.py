"""Rows of records as plain JSON: what the golden file holds."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np


def plainly(value: Any) -> Any:
    """The value as JSON can say it, with every digit."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plainly(one) for name, one in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plainly(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plainly(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
