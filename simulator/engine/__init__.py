"""What makes a run repeatable: a loop with virtual time, simulated processes, and one log of everything."""
