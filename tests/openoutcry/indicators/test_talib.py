"""TA-Lib comes without pandas, and pandas stays importable after it."""

import subprocess
import sys

SCRIPT = """
import sys
from openoutcry.indicators.catalogue import CATALOGUE
assert "talib._ta_lib" in sys.modules
assert not any(name.partition(".")[0] in ("pandas", "polars") for name in sys.modules), "one was imported"
try:
    import json, pandas
except ModuleNotFoundError as error:
    assert "halted" not in str(error), error  # absent is fine, blocked is not
else:
    assert pandas.Series([1.0]).mean() == 1.0
print("ok")
"""


def test_no_data_frame_library_is_imported_and_none_is_blocked_afterwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "ok", done.stderr
