"""The requests that the exchange answers, one table per family of paths."""
