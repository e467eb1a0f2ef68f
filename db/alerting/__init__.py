"""Rules and the alerts they raised."""
