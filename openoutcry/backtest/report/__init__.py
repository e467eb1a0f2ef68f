"""The report of a backtest: one HTML file that needs nothing else. Values in, text out."""
