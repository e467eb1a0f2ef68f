"""The compiled part (numba): imported only when a backtest runs. Plain loops over arrays, no Python objects."""
