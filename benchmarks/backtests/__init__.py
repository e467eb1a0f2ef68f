"""The parts of ``python -m benchmarks.backtest``."""
