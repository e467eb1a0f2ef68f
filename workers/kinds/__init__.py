"""The kinds of job. A file ``<kind>.py`` here with ``run(work: Work) -> Output`` is all a new kind needs.

Other distributions add kinds by an entry point in ``openoutcry.kinds`` (``kind = module:function``). A kind runs in a
process of its own that may be killed at any moment: what must outlive that goes into the returned Output, or into a
store that is never half-written. Its module may import what is heavy: no other process loads it.
"""

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeAlias

from db.jobs.rows import Output
from openoutcry.errors import BadInput
from wire.imports import hide_pandas
from workers.work import Work

Run: TypeAlias = Callable[[Work], Output]
ENTRY_POINTS = "openoutcry.kinds"


def find(kind: str) -> Run:
    """What runs jobs of this kind. Raises BadInput naming the kinds there are."""
    files = {file.stem for file in Path(__file__).parent.glob("[a-z]*.py")}
    if kind in files:
        hide_pandas()
        run: Run = importlib.import_module(f"workers.kinds.{kind}").run
        return run
    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if kind not in others:
        known = ", ".join(sorted({*files, *others})) or "none"
        raise BadInput(
            f"kind: {kind!r} is not a kind of job this worker knows; there are: {known}", field="kind"
        )
    loaded: Run = others[kind].load()
    return loaded
