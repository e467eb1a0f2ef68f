"""What the processes of a pool run. They load the floor, which takes seconds; whoever only adds up need not wait for it."""

from simulator.outcome import Outcome


def ready() -> None:
    """Load and build everything."""
    from simulator.run import prepare

    prepare()


def lived(seed: int, plant: str | None = None) -> Outcome:
    """One seed from beginning to end."""
    from simulator.run import simulate

    return simulate(seed, plant=plant)
