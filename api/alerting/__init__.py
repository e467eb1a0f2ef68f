"""Watching the figures, and saying so when a rule wants it."""
