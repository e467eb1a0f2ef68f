"""Real money: one account at a real exchange behind the port, asked through ccxt."""
