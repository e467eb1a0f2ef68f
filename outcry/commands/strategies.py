"""``outcry strategies``: those that lie as files, what they run with, and the registry (``outcry/registry/``)."""

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from outcry.registry import asked, moved, staged
from wire.config import home_folder

if TYPE_CHECKING:
    from openoutcry.strategy.rules import RuleStrategy

app = typer.Typer(no_args_is_help=True)
EXIT_PROBLEMS = 2
DESCRIBED = 80
View = Literal["nested", "flat", "schema"]
StrategyArgument = Annotated[
    str, typer.Argument(help="a registered name or id, a name that `files` shows, or a file")
]


@app.callback()
def group() -> None:
    """Strategies: entry and exit rules over signals, how they are executed, and the registry of them."""


@app.command("list")
def list_(
    stage: asked.StageOption = None,
    status: asked.StatusOption = None,
    exchange: asked.ExchangeOption = None,
    timeframe: asked.TimeframeOption = None,
    search: asked.SearchOption = None,
    min_sharpe: asked.SharpeOption = None,
    max_drawdown: asked.DrawdownOption = None,
    sort: Annotated[asked.Sort, typer.Option(help="what to sort by")] = "name",
    descending: Annotated[bool, typer.Option("--descending", help="largest first")] = False,
    archived: asked.ArchivedOption = False,
    limit: asked.LimitOption = 100,
    offset: asked.OffsetOption = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the registered strategies. `outcry strategies files` shows those that can be registered by name."""
    found = asked.registered(
        home, stage=stage, status=status, exchange=exchange, timeframe=timeframe, search=search,
        min_sharpe=min_sharpe, max_drawdown=max_drawdown, sort_by=sort, descending=descending,
        include_archived=archived, limit=limit, offset=offset,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps({**found, "limit": limit, "offset": offset}))
        return
    from outcry.registry.views import FIGURES, table

    columns = ("name", "version", "stage", "status", "asset", "timeframe", *FIGURES)
    typer.echo(table(found["strategies"], columns) if found["strategies"] else "none registered")


@app.command()
def files(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the strategy files: the shipped ones and those in {home}/strategies. Exit 2 when one of them is wrong."""
    from wire.strategies import load_strategy, load_trading_defaults, strategy_files  # loads every signal

    folder = home_folder(str(home) if home else None)
    defaults, rows, wrong = load_trading_defaults(folder), [], {}
    for name in strategy_files(folder):
        try:
            rows.append({"name": name, **_told(load_strategy(name, folder, defaults))})
        except BadInput as error:
            wrong[name] = str(error)
    if as_json:
        typer.echo(json.dumps({"strategies": rows, "wrong": wrong}))
    else:
        for row in rows:
            place = f"{row['symbol']:<14} {row['timeframe']:<4} {row['side']:<5}"
            typer.echo(f"{row['name']:<22} {place} {textwrap.shorten(row['description'], DESCRIBED)}")
    for name, message in wrong.items():
        typer.echo(f"outcry: {name}: {message}", err=True)
    if wrong:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def show(
    strategy: StrategyArgument,
    version: asked.VersionOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a strategy: where it stands, its canonical rules, what it is executed with, and what its votes came to."""
    from wire.strategies import SUFFIXES, load_strategy, load_trading_defaults

    folder = home_folder(str(home) if home else None)
    defaults = load_trading_defaults(folder)
    known = None if strategy.endswith(SUFFIXES) else asked.one(home, strategy, version)
    if known is not None:
        _show_registered(known, as_json)
        return
    found = load_strategy(strategy, folder, defaults)
    told = {"name": found.name, **_told(found), "warnings": list(found.warnings), "rules": found.rules()}
    config = found.execution_config.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps({**told, "execution_config": config}))
        return
    typer.echo(f"{found.title}  ({found.name})\n{found.description}\n")
    typer.echo(f"{told['symbol']} {found.timeframe} {found.side}, {told['warm_up']} bars of warm-up")
    for part, rules in (("entry", found.entry), ("exit", found.exit)):
        for rule in rules:
            params = " ".join(f"{name}={value}" for name, value in rule.plain()["params"].items())
            typer.echo(f"{part:<6} {rule.signal_type:<8} {rule.timeframe:<4} {rule.name} {params}".rstrip())
    usual = defaults.execution().model_dump(mode="json")
    own = {name: value for name, value in config.items() if value != usual[name]}
    typer.echo(
        "execution: the defaults" + "".join(f", {name} {_short(value)}" for name, value in own.items())
    )
    for warning in found.warnings:
        typer.echo(f"note: {warning}")
    typer.echo(f"content hash {found.content_hash}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="a strategy as YAML or JSON")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a strategy file and print every problem with its field. Exit 2 when there is one."""
    from openoutcry.strategy.rules import examine
    from wire.document import read_document
    from wire.strategies import load_trading_defaults

    defaults = load_trading_defaults(home_folder(str(home) if home else None))
    strategy, problems = examine(read_document(file), defaults)
    if as_json:
        body: dict[str, Any] = {
            "conforms": strategy is not None,
            "problems": [{"field": problem.field, "message": problem.message} for problem in problems],
            "warnings": list(strategy.warnings) if strategy else [],
        }
        typer.echo(json.dumps(body | (_told(strategy) if strategy else {})))
    elif strategy:
        typer.echo(f"ok  {strategy.name}  {strategy.symbol} {strategy.timeframe} {strategy.side}")
        for warning in strategy.warnings:
            typer.echo(f"note: {warning}")
    else:
        typer.echo(f"{file}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
        for problem in problems:
            typer.echo(f"  {problem}", err=True)
    if strategy is None:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def defaults(
    view: Annotated[View, typer.Argument(help="by section, side by side, or each explained")] = "nested",
    home: HomeOption = None,
) -> None:
    """Print the trading defaults of this home as JSON."""
    from openoutcry.strategy.glossary import schema
    from wire.strategies import load_trading_defaults

    found = load_trading_defaults(home_folder(str(home) if home else None))
    shown = found.nested() if view == "nested" else found.flat() if view == "flat" else schema(found)
    typer.echo(json.dumps(shown, indent=2))


def _show_registered(known: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(known))
        return
    state, checked = known["execution_state"], known["validation"]
    typer.echo(f"{known['name']} {known['version']}  {known['stage']}, {known['status']}  {known['id']}")
    typer.echo(known["description"])
    for part in ("entry", "exit"):
        for rule in known["rules"].get(part, ()):
            params = " ".join(f"{name}={value}" for name, value in rule["params"].items())
            typer.echo(
                f"{part:<6} {rule['signal_type']:<8} {rule['timeframe']:<4} {rule['name']} {params}".rstrip()
            )
    if state is not None:
        typer.echo(f"votes as {known['agent_name']}, weight {known['weight']:g}")
        typer.echo(
            f"account {state['account_value']:.2f}, cash {state['cash_balance']:.2f}, {state['total_trades']} closed "
            f"trades, {state['num_open_positions']} open"
        )
    if known["metrics"] is not None:
        told = ", ".join(f"{name} {value}" for name, value in known["metrics"].items())
        typer.echo(f"{known['metrics_from']}: {told}, score {known['composite_score']:.1f}")
    if checked is not None:
        typer.echo(f"validation {checked['state']} {checked['outcome'] or checked['error'] or ''}".rstrip())


def _told(strategy: "RuleStrategy") -> dict[str, Any]:
    from openoutcry.strategy.masks import warm_up

    return {
        "description": strategy.description,
        "strategy_type": strategy.strategy_type,
        "symbol": str(strategy.symbol),
        "timeframe": strategy.timeframe,
        "side": strategy.side,
        "warm_up": warm_up(strategy, strategy.timeframe),
        "content_hash": strategy.content_hash,
    }


def _short(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict | list | bool | None) else str(value)


for part in (asked.app, moved.app, staged.app):
    app.add_typer(part)
