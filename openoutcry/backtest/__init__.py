"""Backtests: the execution kernel, what a run is told and what comes out of it. docs/backtests.md has the semantics."""
