"""``outcry budgets``: what language models may cost, have cost, and where the ladder stands."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from openoutcry.errors import BadInput
from openoutcry.types.amounts import parse_amount, plain
from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder, load_settings

if TYPE_CHECKING:
    from decimal import Decimal

app = typer.Typer(no_args_is_help=True)
Dollars = Annotated[str | None, typer.Option(help="dollars")]


@app.command()
def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Limits, what is spent and reserved of them, the ladder's level, and what each model cost."""
    _answer(home, {}, as_json)


@app.command("set")
def set_(
    call: Dollars = None,
    round: Dollars = None,
    agent_day: Dollars = None,
    day: Dollars = None,
    org: Dollars = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change limits, in dollars; those left out stay. Takes effect with the next call."""
    asked = {"call": call, "round": round, "agent_day": agent_day, "day": day, "org": org}
    changes = {
        name: parse_amount(text, field=f"--{name}") for name, text in asked.items() if text is not None
    }
    if not changes or any(value < 0 for value in changes.values()):
        raise BadInput("give at least one limit, none of them negative", field="limits")
    _answer(home, changes, as_json)


def _answer(home: Any, changes: "dict[str, Decimal]", as_json: bool) -> None:
    from db.minds import budgets
    from outcry.database import floor_database

    async def ask() -> dict[str, Any]:
        folder = home_folder(str(home) if home else None)
        defaults, org = load_settings(folder).llm.budget, UUID(DEFAULT_ORG)
        async with floor_database(folder) as pool:
            if changes:
                await budgets.set_limits(pool, org, changes, "command line", defaults)
            now = await budgets.standing(pool, org, defaults)
            models = await budgets.by_model(pool, org)
        return {
            **now.model_dump(mode="json"),
            "models": [{**row, "cost": plain(row["cost"])} for row in models],
        }

    found = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"level: {found['level']}")
    for name, limit in found["limits"].items():
        used = found["used"].get(name)
        told = f", {used['spent']} spent, {used['reserved']} reserved" if used else ""
        typer.echo(f"{name}: {limit}{told}")
    for row in found["models"]:
        typer.echo(f"{row['model']}: {row['calls']} calls, {row['cost']} dollars")
