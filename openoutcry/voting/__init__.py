"""From many voices to one decision: pure, deterministic, the same in whatever order ballots arrive."""
