"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="everything the floor writes [default: ~/.openoutcry]", envvar="OUTCRY_HOME"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for programs")]
SessionOption = Annotated[
    str | None, typer.Option("--session", help="one session's id [default: all that are open]")
]
