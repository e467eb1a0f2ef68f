"""What a backtest is asked to do: the bodies clients send, read into one complete request."""
