"""``outcry fake-llm``: a practice model server on this machine, for tests of agents and of any client of both vendors."""

from pathlib import Path
from typing import Annotated

import typer

from openoutcry.errors import BadInput

app = typer.Typer()


@app.command()
def fake_llm(
    script: Annotated[Path, typer.Option(help="YAML or JSON list of turns: docs/minds.md describes them")],
    port: Annotated[int, typer.Option(help="port on 127.0.0.1", min=1, max=65_535)] = 8_898,
    key: Annotated[
        str | None,
        typer.Option(envvar="OUTCRY_FAKE_LLM_KEY", help="the only API key that is taken [default: any]"),
    ] = None,
) -> None:
    """Answer as Anthropic's Messages API and OpenAI's Chat, Responses and Embeddings do, from a script, until Ctrl-C.

    Point a client at it by base URL: http://127.0.0.1:PORT for Anthropic, http://127.0.0.1:PORT/v1 for OpenAI.
    """
    import asyncio

    from outcry.serving import served
    from sandbox.llm.script import Script
    from sandbox.llm.serving import ModelServer

    try:
        turns = Script.from_file(script)
    except (OSError, ValueError) as error:
        raise BadInput(f"--script: {error}", field="script") from None
    asyncio.run(served(ModelServer(turns, key).app(), port, {"url": f"http://127.0.0.1:{port}"}, None))
