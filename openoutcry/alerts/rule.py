"""A rule: which figure, when it is worth an alert, and what is said then."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from openoutcry.alerts.condition import Condition, read_condition
from openoutcry.errors import BadInput

Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
FIGURES: Mapping[str, str] = {
    "drawdown": "the account's fall from its highest equity, as a fraction",
    "max_drawdown": "the account's largest fall from a peak within a year, as a fraction",
    "sharpe_ratio": "of the account's daily returns, of a year of 365 days",
    "volatility": "of the account's daily returns, of a year of 365 days",
    "var_95": "historical 95 % value at risk of the account's daily returns, as a positive fraction",
    "leverage": "gross exposure over equity",
    "portfolio_value": "the account's equity in the quote asset",
    "fill_rate": "orders filled over orders ended in the last 24 hours of market time, protective ones left out",
    "avg_slippage": "mean cost of market orders against the price they were decided at, last 24 hours, as a fraction",
    "cpu_usage_percent": "of the machine",
    "memory_usage_percent": "of the machine",
    "disk_usage_percent": "of the disk the API works on",
    "api_p95_latency": "milliseconds, of this API process since the check before",
    "api_error_rate": "answers of 500 and above over all, since the check before",
}
"""Every figure a rule may watch."""
CHANNELS = ("web", "log", "webhook", "email", "telegram", "slack")
"""``web`` is the WebSocket and the list of alerts, which always hear; the others are notifiers."""
PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")
MOST_COOLDOWN_S = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``channels`` empty: every notifier that is configured. ``cooldown_period`` is in seconds, ``hysteresis`` in the
    figure's unit.
    """

    name: str
    description: str
    metric_name: str
    condition: Condition
    severity: Severity
    message_template: str
    channels: tuple[str, ...] = ()
    cooldown_period: int = 3600
    hysteresis: float = 0.0
    enabled: bool = True

    def message(self, value: float) -> str:
        """What is said about a value."""
        return self.message_template.replace("{value}", f"{value:.6g}")


def read_rule(
    *,
    name: str,
    metric_name: str,
    condition: str,
    severity: str = "warning",
    description: str = "",
    message_template: str = "",
    channels: Sequence[str] = (),
    cooldown_period: int = 3600,
    hysteresis: float = 0.0,
    enabled: bool = True,
) -> Rule:
    """A rule from outside. Raises BadInput naming the field that is wrong."""
    if metric_name not in FIGURES:
        raise BadInput(f"metric_name: must be one of {', '.join(FIGURES)}", field="metric_name")
    wanted = read_condition(condition)
    level = next((each for each in SEVERITIES if each == severity), None)
    if level is None:
        raise BadInput(f"severity: must be one of {', '.join(SEVERITIES)}", field="severity")
    if not 0 <= cooldown_period <= MOST_COOLDOWN_S:
        raise BadInput(f"cooldown_period: 0 to {MOST_COOLDOWN_S} seconds", field="cooldown_period")
    if not math.isfinite(hysteresis) or not 0 <= hysteresis <= 1e15:
        raise BadInput("hysteresis: must be a finite number of at least 0", field="hysteresis")
    if hysteresis and not wanted.ordered:
        raise BadInput("hysteresis: == and != have no side to recede to", field="hysteresis")
    return Rule(
        name=_text(name, "name", 1, 100).strip(),
        description=_text(description, "description", 0, 500),
        metric_name=metric_name,
        condition=wanted,
        severity=level,
        message_template=_template(message_template or f"{metric_name} is {{value}} ({wanted})"),
        channels=_channels(channels),
        cooldown_period=cooldown_period,
        hysteresis=hysteresis,
        enabled=enabled,
    )


def _text(text: str, field: str, least: int, most: int) -> str:
    if not least <= len(text.strip()) or len(text) > most or not text.isprintable():
        raise BadInput(f"{field}: {least} to {most} printable characters", field=field)
    return text


def _template(text: str) -> str:
    for found in PLACEHOLDER.findall(_text(text, "message_template", 1, 500)):
        if found != "{value}":
            raise BadInput("message_template: the only placeholder is {value}", field="message_template")
    return text


def _channels(given: Sequence[str]) -> tuple[str, ...]:
    for channel in given:
        if channel not in CHANNELS:
            raise BadInput(f"channels: {channel[:40]!r} is none of {', '.join(CHANNELS)}", field="channels")
    return tuple(dict.fromkeys(given))


def _start(
    metric: str, condition: str, severity: Severity, said: str, *, cooldown: int = 3600, back: float = 0.0
) -> Rule:
    return read_rule(
        name=metric,
        description=FIGURES[metric],
        metric_name=metric,
        condition=condition,
        severity=severity,
        message_template=said,
        cooldown_period=cooldown,
        hysteresis=back,
    )


def starting_rules() -> tuple[Rule, ...]:
    """The rules every org starts with: AlphaPulse's."""
    return (
        _start("sharpe_ratio", "< 0.5", "warning", "Sharpe ratio is {value}"),
        _start("max_drawdown", "> 0.1", "error", "Portfolio drawdown is {value}", cooldown=1800, back=0.01),
        _start("leverage", "> 1.5", "error", "Leverage is {value}", back=0.1),
        _start("var_95", "> 0.05", "warning", "95 % value at risk is {value}"),
        _start("avg_slippage", "> 0.002", "warning", "Average slippage is {value}"),
        _start("fill_rate", "< 0.95", "warning", "Fill rate is {value}"),
        _start("memory_usage_percent", "> 85", "warning", "Memory usage is {value} %", back=5.0),
        _start("cpu_usage_percent", "> 90", "warning", "CPU usage is {value} %", back=10.0),
        _start(
            "api_p95_latency", "> 1000", "warning", "95 % of API answers took up to {value} ms", back=100.0
        ),
        _start("api_error_rate", "> 0.05", "error", "{value} of API answers were errors"),
    )
