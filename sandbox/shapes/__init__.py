"""Orders, fills and balances as Binance prints them."""
