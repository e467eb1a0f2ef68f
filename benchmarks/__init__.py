"""Benchmarks: each a command that prints its figures with machine and commit beside them."""
