"""The memory server: what was decided before, why, and how it ended; never newer than ``as_of``."""
