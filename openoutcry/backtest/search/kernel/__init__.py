"""The compiled part of searching (numba): imported only when a sweep runs."""
