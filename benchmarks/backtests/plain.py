"""The plain C loops of plain.c, compiled on the spot."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.backtests.workloads import CAPITAL, FEE, Workload
from openoutcry.market.candles import Candles

SOURCE = Path(__file__).with_name("plain.c")
TRADE = np.dtype(
    [("entry_bar", "i8"), ("exit_bar", "i8"), ("entry_price", "f8"), ("exit_price", "f8"), ("size", "f8")]
)
COLUMNS = {"sma_cross": ("open", "close"), "rsi_reversion": ("open", "high", "low", "close")}


class Plain:
    """The compiled loops. ``flags`` are the compiler's."""

    def __init__(self, folder: Path, flags: tuple[str, ...] = ("-O2",)) -> None:
        self.flags = flags
        target = folder / f"plain{''.join(flags)}.so"
        subprocess.run(["cc", *flags, "-shared", "-fPIC", "-o", target, SOURCE, "-lm"], check=True)
        self._library = ctypes.CDLL(str(target))

    def run(self, workload: Workload, candles: Candles, room: int) -> tuple[np.ndarray, float]:
        """Trades and final balance; ``room`` is for at least as many trades as there will be."""
        function = getattr(self._library, workload.plain)
        function.restype = ctypes.c_int64
        trades, balance = np.empty(room, TRADE), ctypes.c_double()
        columns = [getattr(candles, name).ctypes.data_as(ctypes.c_void_p) for name in COLUMNS[workload.plain]]
        numbers = [
            ctypes.c_double(n) if isinstance(n, float) else ctypes.c_int64(n) for n in workload.numbers
        ]
        money = ctypes.c_double(FEE), ctypes.c_double(CAPITAL)
        out = trades.ctypes.data_as(ctypes.c_void_p), ctypes.byref(balance)
        count = function(ctypes.c_int64(len(candles)), *columns, *numbers, *money, *out)
        return trades[:count], balance.value


def compiler() -> str | None:
    """The C compiler's version, None without one."""
    if shutil.which("cc") is None:
        return None
    return subprocess.run(
        ["cc", "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
