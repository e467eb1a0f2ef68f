"""Venues an order can go to, and the ledger that the paper venue keeps of its own."""
