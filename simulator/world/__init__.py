"""The world around the floor: its network, market, models and misfortunes."""
