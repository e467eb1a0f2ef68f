"""Regimes and trainings as a person and a program see them on the command line."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import typer

from db.candles import Series
from db.regimes.following import Update
from db.regimes.history import Current, Spell
from openoutcry.regime.names import Named, shown
from openoutcry.regime.sizing import within
from openoutcry.settings import RiskSettings, Settings

WHY = {
    "up_to_date": "nothing new",
    "no_model": "no model in production",
    "in_sample": "its model was trained on later bars and judges none of these: train one with an earlier --to",
    "no_bars": "no bar has closed since its model was trained",
    "raced": "someone else follows it at this moment",
}
LIMITS = ("risk_per_trade", "max_position_size", "max_gross_exposure", "default_stop_loss")
SHOWN_METRICS = (
    "log_likelihood_per_bar_in", "log_likelihood_per_bar_out", "bic", "persistence", "agreement", "mean_confidence_out",
)  # fmt: skip


def step(_current: int, _total: int, message: str) -> None:
    """A training's progress, on standard error."""
    typer.echo(f"  {message}", err=True)


def trained(done: dict[str, Any]) -> None:
    """Print what a training came to."""
    metrics = done["metrics"]
    state = (
        "in production" if done["promoted"] else f"registered; `outcry models promote {done['model_name']} "
    )
    tail = "" if done["promoted"] else f"{done['version']}` puts it into production"
    typer.echo(f"{done['model_name']} {done['version']}: {state}{tail}")
    typer.echo(
        f"  fitted {metrics['bars_in']:,} bars up to {done['trained_until'][:16]}, measured on {metrics['bars_out']:,} later ones"
    )
    how = "converged" if metrics["converged"] else "NOT CONVERGED"
    typer.echo(f"  {how} after {metrics['iterations']} iterations, labels {metrics['labelling']}")
    for name in SHOWN_METRICS:
        typer.echo(f"  {name:<28} {metrics[name]:.4f}")
    for place in ("in", "out"):
        shares = metrics[f"label_shares_{place}"]
        typer.echo(
            f"  shares {place:<4} " + "  ".join(f"{shown(r)} {share:.0%}" for r, share in shares.items())
        )
    if missing := [name for name in metrics["label_shares_in"] if name not in metrics["labels"]]:
        typer.echo(
            f"  note: no state of this model is {' or '.join(map(shown, missing))}: these regimes will not occur"
        )


def now(series: Series, found: Current, settings: Settings) -> dict[str, Any]:
    """The regime of a market and what it means, as plain data."""
    name: Named = found.told["regime"].lower()
    parameters = settings.regimes.parameters.of(name)
    return {
        **_market(series),
        **found.told,
        "timestamp": found.closed_at.isoformat(),
        "parameters": parameters.model_dump(mode="json"),
        "risk": _limits(within(settings.risk, parameters)),
        "model": {"name": found.model, "version": found.version},
    }


def show(one: dict[str, Any]) -> None:
    """Print the regime of a market."""
    typer.echo(
        f"{one['exchange']} {one['symbol']} {one['timeframe']}: {one['regime']} {one['confidence']:.0%}"
        f" at {one['timestamp'][:16]} UTC  ({one['model']['name']} {one['model']['version']})"
    )
    chances = sorted(one["probabilities"].items(), key=lambda item: -item[1])
    typer.echo("  now      " + "  ".join(f"{name} {chance:.0%}" for name, chance in chances))
    ahead = sorted(one["transition_probabilities"].items(), key=lambda item: -item[1])
    typer.echo("  next bar " + "  ".join(f"{name} {chance:.0%}" for name, chance in ahead))
    if one["pending"]:
        typer.echo(f"  pending  {one['pending']['regime']}, asked for by {one['pending']['share']:.0%}")
    if one["expected_duration_bars"] is not None:
        typer.echo(
            f"  stability {one['stability']:.0%}, lasts {one['expected_duration_bars']:.0f} bars on average"
        )
    limits = "  ".join(f"{name} {value:.4g}" for name, value in one["risk"].items())
    typer.echo(f"  {one['parameters']['strategy_preference']}; limits within it: {limits}")


def past(series: Series, until: datetime, spells: list[Spell]) -> dict[str, Any]:
    """Regimes a market went through and the changes between them, as plain data."""
    ended = [(one.ended_at or until) - one.started_at for one in spells]
    days = [span.total_seconds() / 86_400 for span in ended]
    return {
        **_market(series),
        "until": until.isoformat(),
        "regimes": [
            {
                "regime": shown(one.regime), "confidence": one.confidence,
                "start_time": one.started_at.isoformat(),
                "end_time": one.ended_at.isoformat() if one.ended_at else None, "model_version": one.version,
            }
            for one in spells
        ],
        "transitions": [
            {
                "from_regime": shown(before.regime), "to_regime": shown(after.regime),
                "timestamp": after.started_at.isoformat(), "confidence": after.confidence,
            }
            for before, after in pairwise(spells)
        ],
        "total_regimes": len(spells),
        "average_duration_days": sum(days) / len(days) if days else None,
    }  # fmt: skip


def list_past(found: dict[str, Any]) -> None:
    """Print the regimes a market went through."""
    for one in found["regimes"]:
        end = one["end_time"][:16] if one["end_time"] else "lasts"
        typer.echo(f"{one['start_time'][:16]}  {end:<16}  {one['regime']:<9} {one['confidence']:.0%}")
    average = found["average_duration_days"]
    typer.echo(
        f"{found['total_regimes']} regimes up to {found['until'][:16]} UTC"
        + (f", {_span(average)} on average" if average is not None else "")
    )


def _span(days: float) -> str:
    return f"{days:.1f} days" if days >= 2 else f"{days * 24:.1f} hours"


def updated(series: Series, done: Update) -> dict[str, Any]:
    """What following a market came to, as plain data."""
    at = done.closed_at.isoformat() if done.closed_at else None
    return {**_market(series), "state": done.why, "bars": done.bars, "changes": done.changes, "closed_at": at}


def show_update(one: dict[str, Any]) -> None:
    """Print what following a market came to."""
    market = f"{one['exchange']} {one['symbol']} {one['timeframe']}"
    if one["state"] == "followed":
        typer.echo(
            f"{market}: {one['bars']:,} bars, {one['changes']} changes, up to {one['closed_at'][:16]} UTC"
        )
    else:
        typer.echo(f"{market}: {WHY[one['state']]}")


def _market(series: Series) -> dict[str, str]:
    return {"exchange": series.exchange, "symbol": series.symbol, "timeframe": series.timeframe}


def _limits(risk: RiskSettings) -> dict[str, float]:
    return {name: getattr(risk, name) for name in LIMITS}
