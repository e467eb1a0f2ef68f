"""What takes longer than a request: backtests, sweeps, training and syncing, run by processes that just join."""
