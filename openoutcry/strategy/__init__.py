"""Strategies: the rules model, how it is read and refused, the trading defaults, the masks it makes of candles."""
