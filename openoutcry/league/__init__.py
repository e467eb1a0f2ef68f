"""An honest league table: everybody over the same windows, with costs, intervals, and what luck alone would show."""
