"""The invariants, read from the log of the run alone. Imports nothing of the product and nothing of the world."""
