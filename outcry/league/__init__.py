"""The league: worlds, entrants, their rounds at the committee's table, and the table of how they stand."""
