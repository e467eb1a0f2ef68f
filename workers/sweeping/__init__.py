"""Sweeps as processes: studies that keep the trials, the pool that runs them, the whole from a spec to its result."""
