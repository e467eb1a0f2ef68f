"""The reaper: kills real processes on a live floor at the practice exchange and compares the books. Imports no product code."""
