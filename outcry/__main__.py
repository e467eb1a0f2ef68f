"""``outcry``: only the module of the command asked for is imported, so every command starts light."""

import errno
import importlib
import sys

import typer

from openoutcry.errors import BadInput, OpenOutcryError
from openoutcry.version import VERSION

COMMANDS = {
    "up": "open the floor: database, servers, agents, orchestrator, API",
    "down": "close a floor that runs detached",
    "halt": "the kill switch: only orders that reduce risk leave",
    "unhalt": "release the kill switch",
    "status": "what runs, and how the sessions stand",
    "doctor": "check this machine and say what to do about each failure",
    "explain": "why a decision was taken",
    "agents": "how far each voice can be believed; learn from what came of their votes",
    "budgets": "what language models may cost and have cost",
    "memory": "find past decisions by meaning; the spaces they are compared in, and filling a new one",
    "risk": "exposure, figures, limits, sizes, stress, correlation of the sessions",
    "hedge": "analyse, execute and close hedges; study them on stored candles",
    "forecast": "where a symbol's price may go, and how such forecasts went before",
    "replay": "recompute a round from its record",
    "league": "rules, models, holding and simple baselines over the same windows: an honest table",
    "audit": "replay the committee over history against other futures: does anything leak?",
    "backtest": "run a strategy on stored candles, here and now",
    "worker": "take jobs from the queue: backtests, sweeps",
    "jobs": "backtests and other jobs: submit, list, show, cancel, results",
    "sweep": "search a strategy's parameters and judge what was found",
    "data": "sync, import, check and export market data",
    "strategies": "list, show and check strategies",
    "regime": "train regime models, see the regimes markets are in",
    "models": "trained models: versions, metrics, promote, roll back",
    "keys": "create, list and revoke API keys",
    "users": "people, programs and orgs that may use the API",
    "sandbox": "a practice exchange in Binance's dialect, with faults on demand",
    "fake-llm": "a practice model server in both vendors' dialects, scripted and faulty",
    "sim": "the whole floor on a virtual clock, seed by seed, with everything going wrong",
    "ledger": "verify the ledger",
    "reconcile": "compare an exchange account with our books; book, adopt or halt what differs",
    "openapi": "write the OpenAPI document of the REST API",
    "mcp": "the MCP servers: list tools, client configuration",
    "migrate": "bring the database to this version's schema",
}
OF_THE_PLACE = (
    errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.ENOSPC, errno.EDQUOT,
    errno.ENAMETOOLONG,
)  # fmt: skip
"""What is wrong with where it was to write, and not with the program."""
EXIT_FAULT = 1
EXIT_USAGE = 2


def build(only: str | None = None) -> typer.Typer:
    """The application, with the one command ``only`` loaded, or all of them (for help)."""
    app = typer.Typer(
        name="outcry",
        help="Open Outcry: a trading floor of agents that explains, replays and proves every decision.",
        epilog="Exit codes: 0 done, 1 failed, 2 a wrong argument or setting; a command's help names others it has.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version", help="print the version and exit")) -> None:
        if version:
            typer.echo(VERSION)
            raise typer.Exit

    for name, text in COMMANDS.items():
        if only is None or name == only:
            part = importlib.import_module(f"outcry.commands.{name.replace('-', '_')}")
            if part.app.registered_callback is None and len(part.app.registered_commands) == 1:
                command = part.app.registered_commands[0]
                app.command(name, help=text if command.help is None else command.help)(command.callback)
            else:
                app.add_typer(part.app, name=name, help=text)
    return app


def main() -> None:
    """Run the command line. Expected failures print one line on stderr: exit 2 when an argument or setting is wrong, else 1."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        build(asked if asked in COMMANDS else None)()
    except OpenOutcryError as error:
        typer.echo(f"outcry: {error}", err=True)
        raise SystemExit(EXIT_USAGE if isinstance(error, BadInput) else EXIT_FAULT) from None
    except OSError as error:
        if error.errno not in OF_THE_PLACE or error.filename is None:
            raise
        typer.echo(f"outcry: {error.filename}: {error.strerror}", err=True)
        raise SystemExit(EXIT_FAULT) from None


if __name__ == "__main__":
    main()
