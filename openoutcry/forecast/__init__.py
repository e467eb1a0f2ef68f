"""Forecasts of a price some bars ahead, judged on bars they never saw, and what the floor's decision is worth beside them."""
