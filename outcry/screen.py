"""What a person sees while the floor opens, runs and closes."""

from time import monotonic
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from openoutcry.version import VERSION


class Screen:
    """Lines for a terminal; ``quiet`` keeps stdout clean for --json."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(highlight=False, stderr=quiet, soft_wrap=True)
        self._began = monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def opening(self, home: str) -> None:
        """The first line, before anything slow."""
        self.console.print(f"[bold]Open Outcry {VERSION}[/] opening the floor in {home}")

    def step(self, text: str) -> None:
        """One step done, with the seconds since the start."""
        self.console.print(f"  [green]✓[/] {text} [dim]{monotonic() - self._began:.1f} s[/]")

    def warn(self, text: str) -> None:
        """Something a person must notice."""
        self.console.print(f"  [bold yellow]! {escape(text)}[/]")

    def notice(self, name: str, what: str) -> None:
        """A process died or came back."""
        self.console.print(f"  [yellow]{name}: {what}[/]")

    def ready(self, address: str, key: str | None, source: str, *, real_orders: bool = False) -> None:
        """Where to look and how to stop."""
        label = {
            "live": "LIVE market data, paper money",
            "recorded": "RECORDED market data, paper money",
            "synthetic": "SYNTHETIC market data, paper money",
        }
        said = "LIVE market data, [red]REAL ORDERS[/]" if real_orders else label[source]
        self.console.print(f"\n  [bold]{said}[/]")
        self.console.print(f"  dashboard and API  [bold cyan]{address}[/]   reference {address}/schema")
        if key:
            self.console.print(f"  admin API key      [bold]{key}[/]  (shown once; stored hashed)")
        self.console.print("  stop with Ctrl-C   explain the last decision with `outcry explain last`\n")

    def progress(self, state: dict[str, Any]) -> None:
        """Rounds so far, on a terminal: a bar when the end is known."""
        done, total = int(state["rounds"]), state.get("total")
        if not self.console.is_terminal:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("  rounds"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(), TimeRemainingColumn(), console=self.console, transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("rounds", total=int(total) if total else None, note="")
        if self._task is not None:
            self._bar.update(
                self._task, completed=done, note=f"{state['as_of'][:16]}  equity {state['equity']}"
            )

    def end_progress(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def summary(self, result: dict[str, Any]) -> None:
        """How the run went."""
        for session in result["sessions"]:
            table = Table(
                title=f"{session['symbol']} · {session['source']} · {session['timeframe']}",
                show_header=False,
                title_justify="left",
            )
            table.add_column(style="dim")
            table.add_column(justify="right")
            for name, value in rows(session):
                table.add_row(name, value)
            self.console.print(table)
            for one in session["readings"]:
                self.console.print(one["told"])
            self.console.print(f"ledger head {session['head_hash']}")


def rows(session: dict[str, Any]) -> list[tuple[str, str]]:
    """A session's summary as label and text."""
    actions = "  ".join(f"{action} {count}" for action, count in session["decisions"].items())
    return [
        ("rounds", f"{session['rounds']}"),
        ("decisions", actions),
        ("entries long / short", f"{session['entries_long']} / {session['entries_short']}"),
        (
            "orders (filled, refused)",
            f"{session['orders']} ({session['orders_filled']}, {session['orders_refused']})",
        ),
        ("fills", f"{session['fills']}"),
        ("hedge orders", f"{session['hedges']}"),
        ("closed positions (won, lost)", f"{session['trades']} ({session['wins']}, {session['losses']})"),
        ("fees", session["fees"]),
        ("initial → final equity", f"{session['initial_capital']} → {session['final_equity']}"),
        ("P&L", f"{session['pnl']} ({session['pnl_pct']:+.2f} %)"),
        ("max drawdown", f"{session['max_drawdown'] * 100:.2f} %"),
        ("round time p50 / p95", f"{session['round_ms_p50']:.1f} / {session['round_ms_p95']:.1f} ms"),
        (
            "bar close → order taken p50 / p95",
            f"{session['order_ms_p50']:.1f} / {session['order_ms_p95']:.1f} ms",
        ),
        ("rounds per second", f"{session['rounds_per_s']:.1f}"),
    ]
