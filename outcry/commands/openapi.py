"""``outcry openapi``: the OpenAPI document, written without a database and without a floor."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from openoutcry.errors import BadInput

app = typer.Typer()


@app.command()
def openapi(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write here [default: standard output]")
    ] = None,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="YAML instead of JSON")] = False,
) -> None:
    """Write the OpenAPI 3.1 document of the REST API: what `GET /schema/openapi.json` of a floor answers."""
    from api.openapi import document  # the routes are for this command's run, not for its help
    from api.routes import ROUTES

    if output is not None:
        _check(output)
    made = document(ROUTES)
    text = _yaml(made) if as_yaml else json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    draft = output.with_name(f".{output.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    typer.echo(f"{output}: OpenAPI {made['openapi']}, {len(made['paths'])} paths")


def _check(output: Path) -> None:
    if not output.parent.is_dir():
        raise BadInput(f"--output: there is no folder {output.parent}", field="output")
    if output.exists() and not output.is_file():
        raise BadInput(f"--output: {output} is not a file", field="output")


def _yaml(made: dict[str, Any]) -> str:
    import yaml

    in_c = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # two seconds instead of twenty, where it was built
    text: str = yaml.dump(made, Dumper=in_c, sort_keys=False, allow_unicode=True, width=110)
    return text
