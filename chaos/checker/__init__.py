"""What is true after the kills, by SQL and by the exchange's own ledger alone."""
