"""News as data: what was published when, by whom, and what a strict reading makes of it."""
