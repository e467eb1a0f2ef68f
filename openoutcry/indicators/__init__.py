"""Indicators: float64 arrays in, arrays of the same length out, NaN until warm, never an infinity."""
