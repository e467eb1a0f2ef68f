"""Regimes of markets: which model is in force, how far each market has been followed, and the regimes it went through."""
