"""``outcry memory``: past decisions by their meaning, and the spaces that meanings are compared in."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from openoutcry.embedding import NAME
from openoutcry.errors import BadInput
from openoutcry.spaces import parse_embedder
from outcry.options import HomeOption, JsonOption
from wire import logs
from wire.config import DEFAULT_ORG, home_folder, load_settings
from wire.vendor_keys import speaks, take

app = typer.Typer(no_args_is_help=True)
LONGEST = 500


@app.command()
def spaces(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The spaces of prompts: which of them answers, how far each is, and why one is behind."""
    from db.memory.spaces import known
    from outcry.database import floor_database

    async def ask() -> list[dict[str, Any]]:
        async with floor_database(folder) as pool:
            return [
                {
                    "name": one.kept.space.name, "state": one.kept.state, "vectors": one.vectors, "refused": one.refused,
                    "missing": one.missing, "fault": one.kept.fault,
                }
                for one in await known(pool)
            ]  # fmt: skip

    folder = home_folder(str(home) if home else None)
    found, wanted = asyncio.run(ask()), load_settings(folder).memory.embedder
    answering = next((one["name"] for one in found if one["state"] == "ANSWERING"), NAME)
    if as_json:
        typer.echo(json.dumps({"answering": answering, "spaces": found}))
        return
    typer.echo(f"{NAME}: every decision{', answers' if answering == NAME else ''}")
    for one in found:
        typer.echo(
            f"{one['name']}: {one['state'].lower()}, {one['vectors']} vectors, {one['missing']} missing, "
            f"{one['refused']} refused" + (f"; {one['fault']}" if one["fault"] else "")
        )
    if not parse_embedder(wanted).offline and not any(one["name"].startswith(f"{wanted}#") for one in found):
        typer.echo(f"{wanted}: not begun, it has not answered yet; `outcry doctor` asks it")


@app.command()
def forget(
    names: Annotated[list[str], typer.Argument(help="spaces as `outcry memory spaces` names them")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take spaces away that nobody asks any more, with their vectors. Going back to one embeds every decision again."""
    from db.memory.spaces import forget as take_away
    from db.memory.spaces import named
    from outcry.database import floor_database

    folder = home_folder(str(home) if home else None)
    wanted = parse_embedder(load_settings(folder).memory.embedder)

    async def run() -> dict[str, int]:
        async with floor_database(folder) as pool:
            asked = [(name, await named(pool, name)) for name in dict.fromkeys(names)]
            gone: dict[str, int] = {}
            for name, kept in asked:
                if kept is None:
                    raise BadInput(f"NAMES: there is no space {name!r}", field="NAMES")
                if kept.state == "FILLING" and kept.space.embedder == wanted:
                    raise BadInput(f"NAMES: {name} is being filled for memory.embedder", field="NAMES")
                if kept.state == "ANSWERING" or (vectors := await take_away(pool, kept)) is None:
                    raise BadInput(f"NAMES: {name} answers; change memory.embedder first", field="NAMES")
                gone[name] = vectors
            return gone

    gone = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps({"forgotten": gone}))
        return
    for name, vectors in gone.items():
        typer.echo(f"{name}: forgotten, {vectors} vectors")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="what it was about, in words")],
    limit: Annotated[int, typer.Option(min=1, max=50, help="how many")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Past decisions by the meaning of what was asked, best first, in the space that answers."""
    if not query.strip() or "\x00" in query or len(query) > LONGEST:
        raise BadInput(f"QUERY: words, at most {LONGEST} characters", field="QUERY")
    from db.reads.search import search as find
    from mcp_servers.memory.meaning import Meaning
    from outcry.database import floor_database

    async def ask() -> dict[str, Any]:
        folder = home_folder(str(home) if home else None)
        logs.configure("memory", level="ERROR")
        settings, org = load_settings(folder), UUID(DEFAULT_ORG)
        async with floor_database(folder) as pool:
            async with aclosing(Meaning(folder, settings.llm.budget, take(os.environ))) as meaning:
                meant = await meaning.of(pool, org, query)
            hits = await find(pool, org, embedding=meant.vector, space=meant.space, limit=limit)
        rows = [
            {
                "decision_id": str(row["id"]), "at": row["created_at"].isoformat(), "symbol": row["symbol"],
                "decision": row["decision"], "outcome": row["outcome"], "score": round(score, 6),
            }
            for row, score in hits.hits
        ]  # fmt: skip
        return {"space": hits.space, "instead": meant.instead, "found": rows}

    told = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"in {told['space']}" + (f", because {told['instead']}" if told["instead"] else ""))
    for one in told["found"]:
        typer.echo(
            f"{one['score']:.4f}  {one['at']}  {one['symbol']}  {one['decision']}  {one['outcome']}  {one['decision_id']}"
        )


@app.command()
def embed(
    stay: Annotated[bool, typer.Option("--stay", help="go on with what comes, until Ctrl-C")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give every decision its vector in the configured embedder's space, and let that space answer. Safe to stop and repeat."""
    folder = home_folder(str(home) if home else None)
    logs.configure("memory", level="INFO" if stay else "ERROR")
    settings = load_settings(folder)
    if parse_embedder(settings.memory.embedder).offline:
        raise BadInput(f"memory.embedder is {NAME}, which the floor fills by itself", field="memory.embedder")
    from workers import embedding, keeping

    with _database(folder) as url:
        keys = take(os.environ)
        if stay:
            asyncio.run(keeping.stay(embedding.work(folder, settings, keys), url))
            return
        made = asyncio.run(embedding.fill_once(folder, url, settings, keys))
    typer.echo(
        json.dumps({"made": made}) if as_json else f"{made} vectors made; {settings.memory.embedder} answers"
    )


@app.command()
def reflect(
    stay: Annotated[bool, typer.Option("--stay", help="go on with what ends, until Ctrl-C")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the configured model look back at purchases and sales that have ended, within the budgets. Safe to stop and repeat."""
    folder = home_folder(str(home) if home else None)
    logs.configure("memory", level="INFO" if stay else "ERROR")
    settings = load_settings(folder)
    if not speaks(settings.memory.reflector):
        raise BadInput(
            "memory.reflector names no model: the rules reflect by themselves", field="memory.reflector"
        )
    from workers import keeping, reflecting

    with _database(folder) as url:
        work = reflecting.work(folder, settings, take(os.environ))
        if stay:
            asyncio.run(keeping.stay(work, url))
            return
        made = asyncio.run(keeping.once(work, url))
    typer.echo(json.dumps({"looked_at": made}) if as_json else f"looked back at {made} decisions")


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """The home's database at this version's schema."""
    from outcry.database import database_url

    with database_url(folder) as url:
        asyncio.run(_current(url))
        yield url


async def _current(url: str) -> None:
    from outcry.database import open_current

    await (await open_current(url)).close()
