"""Commands that ask the registry and change nothing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from outcry.options import HomeOption, JsonOption
from outcry.registry.asking import ORG, NameArgument, ask, folder_of

if TYPE_CHECKING:
    import asyncpg

app = typer.Typer()
Stage = Literal["dev", "staging", "prod"]
Status = Literal["draft", "inactive", "paper", "live", "archived"]
Sort = Literal["name", "sharpe", "return", "trades", "drawdown", "score", "created", "updated"]
StageOption = Annotated[
    Stage | None, typer.Option(help="only with a version at this stage, and show that one")
]
StatusOption = Annotated[Status | None, typer.Option(help="only with this status")]
ExchangeOption = Annotated[str | None, typer.Option(help="only on this exchange")]
TimeframeOption = Annotated[str | None, typer.Option(help="only on bars of this length")]
SearchOption = Annotated[str | None, typer.Option(help="a word in name, description or asset")]
SharpeOption = Annotated[float | None, typer.Option(help="least Sharpe ratio")]
DrawdownOption = Annotated[float | None, typer.Option(help="largest drawdown, a fraction: 0.2 is 20 %")]
ArchivedOption = Annotated[bool, typer.Option("--archived", help="archived ones too")]
LimitOption = Annotated[int, typer.Option(help="how many", min=1, max=1000)]
OffsetOption = Annotated[int, typer.Option(help="how many to skip", min=0)]
VersionOption = Annotated[
    str | None,
    typer.Option("--version", help="1.2.3, latest, dev, staging or prod [default: the one in force]"),
]


def registered(home: Path | None, **asked: Any) -> dict[str, Any]:
    """A page of the registry as plain data; an empty one where there is no database yet."""
    from db.strategies.listing import Query, listing
    from outcry.database import has_database
    from outcry.registry import views

    if not has_database(folder_of(home)):
        return {"strategies": [], "total": 0}

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        page = await listing(pool, ORG, Query(**asked))
        rows = [views.item(listed.strategy, listed.version) for listed in page.items]
        return {"strategies": rows, "total": page.total}

    return ask(home, work)


def one(home: Path | None, name: str, version: str | None) -> dict[str, Any] | None:
    """A registered strategy with everything known of it; None when there is none of this name."""
    from db.strategies import finding, validations
    from db.strategies.correcting import account
    from openoutcry.errors import NotFound
    from openoutcry.strategy.lifecycle import in_force
    from outcry.database import has_database
    from outcry.registry import views

    async def work(pool: "asyncpg.Pool") -> dict[str, Any] | None:
        try:
            strategy = await finding.find(pool, ORG, name)
        except NotFound:
            return None
        found = await finding.versions(pool, strategy.id)
        shown = finding.pick(strategy, found, version) if version else in_force(found, strategy.status)
        assert shown is not None
        newest = next(iter(await validations.of_version(pool, shown.id, 1)), None)
        return views.full(strategy, shown, await account(pool, strategy, shown), newest)

    return ask(home, work) if has_database(folder_of(home)) else None


@app.command()
def catalog(
    stage: StageOption = None,
    status: StatusOption = None,
    exchange: ExchangeOption = None,
    timeframe: TimeframeOption = None,
    search: SearchOption = None,
    min_sharpe: SharpeOption = None,
    max_drawdown: DrawdownOption = None,
    sort: Annotated[Sort, typer.Option(help="what to sort by")] = "score",
    ascending: Annotated[bool, typer.Option("--ascending", help="least first")] = False,
    limit: LimitOption = 20,
    offset: OffsetOption = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """The leaderboard: registered strategies ranked by composite score (docs/registry.md has the formula)."""
    from db.strategies.listing import Query, listing
    from outcry.registry import views

    query = Query(
        stage=stage, status=status, exchange=exchange, timeframe=timeframe, search=search, min_sharpe=min_sharpe,
        max_drawdown=max_drawdown, sort_by=sort, descending=not ascending, limit=limit, offset=offset,
    )  # fmt: skip

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        page = await listing(pool, ORG, query)
        return {"strategies": [views.ranked(listed) for listed in page.items], "total": page.total}

    found = ask(home, work)
    if as_json:
        typer.echo(json.dumps(found))
        return
    columns = ("rank", "name", "version", "stage", "status", "composite_score", *views.FIGURES)
    typer.echo(views.table(found["strategies"], columns))


@app.command()
def versions(name: NameArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the versions of a strategy."""
    from db.strategies import finding
    from outcry.registry import views

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        strategy = await finding.find(pool, ORG, name)
        found = await finding.versions(pool, strategy.id)
        return {"name": strategy.name, "versions": [views.version(one) for one in found]}

    found = ask(home, work)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        columns = ("version", "stage", "composite_score", *views.FIGURES, "created_by", "created_at", "notes")
        typer.echo(views.table(found["versions"], columns))


@app.command()
def compare(
    name: NameArgument,
    baseline: Annotated[str, typer.Option(help="the champion")] = "prod",
    candidate: Annotated[str, typer.Option(help="the challenger")] = "staging",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions by their metrics: PROMOTE, KEEP or INVESTIGATE, and how sure that is."""
    from db.strategies import finding
    from openoutcry.strategy.comparison import compare as weigh
    from outcry.registry import views

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        strategy = await finding.find(pool, ORG, name)
        found = await finding.versions(pool, strategy.id)
        champion, challenger = (finding.pick(strategy, found, asked) for asked in (baseline, candidate))
        return {
            "name": strategy.name,
            "baseline": {"version": champion.version, "metrics": champion.metrics},
            "candidate": {"version": challenger.version, "metrics": challenger.metrics},
            **weigh(champion.metrics, challenger.metrics).model_dump(mode="json"),
        }

    found = ask(home, work)
    if as_json:
        typer.echo(json.dumps(found))
        return
    sides = [
        {"side": side, **found[side], "metrics": views.figures(found[side]["metrics"])}
        for side in ("baseline", "candidate")
    ]
    typer.echo(views.table(sides, ("side", "version", *views.FIGURES)))
    gain = found["profit_improvement"]
    more = "" if gain is None else f", profit {gain:+.1f} %"
    typer.echo(f"{found['decision']}  confidence {found['confidence']:.2f}{more}\n{found['recommendation']}")


@app.command()
def history(
    name: NameArgument,
    limit: Annotated[int, typer.Option(help="how many of the newest", min=1, max=10_000)] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that changed a strategy, newest first: who, when, from what to what, and why."""
    from db.strategies import finding
    from db.strategies import history as lines
    from outcry.registry import views

    async def work(pool: "asyncpg.Pool") -> list[dict[str, Any]]:
        strategy = await finding.find(pool, ORG, name)
        return [views.change(line) for line in await lines.history(pool, strategy.id, limit)]

    found = ask(home, work)
    if as_json:
        typer.echo(json.dumps({"history": found}))
    else:
        typer.echo(views.table(found, ("at", "who", "what", "version", "from", "to", "forced", "reason")))


@app.command()
def verify(
    name: NameArgument, version: VersionOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Whether a stored version conforms: what is wrong with it, and what is worth knowing. Exit 1 when it does not."""
    from db.strategies import finding
    from openoutcry.strategy.conformity import conformity
    from openoutcry.strategy.lifecycle import in_force
    from wire.strategies import installed_strategies, load_trading_defaults

    defaults = load_trading_defaults(folder_of(home))

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        strategy = await finding.find(pool, ORG, name)
        found = await finding.versions(pool, strategy.id)
        one = finding.pick(strategy, found, version) if version else in_force(found, strategy.status)
        assert one is not None
        installed = installed_strategies()
        state = conformity(strategy.kind, one.body, one.content_hash, defaults, installed=installed)
        return {"found": True, "name": strategy.name, "version": one.version, **state.model_dump(mode="json")}

    found = ask(home, work)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(f"{'ok' if found['conforms'] else 'WRONG'}  {found['name']} {found['version']}")
        for line in (*found["problems"], *(f"note: {warning}" for warning in found["warnings"])):
            typer.echo(f"  {line}")
    if not found["conforms"]:
        raise typer.Exit(1)
