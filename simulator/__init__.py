"""The whole floor in one process on a virtual clock: seeded chance, faults on purpose, and a checker that trusts nobody."""
