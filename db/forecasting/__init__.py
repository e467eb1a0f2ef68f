"""What forecasts are made of and where they are kept: bars of any stored length, decisions, rounds asked for."""
