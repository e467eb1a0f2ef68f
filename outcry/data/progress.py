"""What a person sees while candles come in: a bar with the time that is left, and why nothing moves."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from db.candles import FundingSeries, Series


class SyncBar:
    """One line per series on stderr; nothing with ``quiet``, and no moving bar where there is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
            transient=True,
        )
        self._tasks: dict[Series | FundingSeries, TaskID] = {}

    def watch(self, series: Series | FundingSeries, done_ms: int, of_ms: int) -> None:
        """Move the series' bar."""
        task = self._tasks.get(series)
        if task is None:
            task = self._tasks[series] = self._bar.add_task(str(series), total=of_ms)
        self._bar.update(task, completed=done_ms, total=of_ms)

    def notice(self, text: str) -> None:
        """Why it waits."""
        self._console.print(f"  {text}", style="yellow")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
