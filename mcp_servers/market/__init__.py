"""The market server: prices, candles, funding and books, never newer than ``as_of``."""
