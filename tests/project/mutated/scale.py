"""A few lines to be changed by test_mutation.py: some changes are noticed by test_scale.py, some are not, one never ends."""

LIMIT = 10
UNUSED = "nobody looks"


class Scale:
    """Weighs."""

    @property
    def most(self) -> int:
        """The heaviest load, known to the class alone."""
        return max(LIMIT, 3)


def stepped(load: int, step: int) -> int:
    """The load rounded down to a step; nothing above the limit is weighed."""
    if load > Scale().most:
        raise ValueError("too heavy")
    left = load
    while left >= step:
        left -= step
    return load - left


def unseen(load: int) -> bool:
    """What no test runs."""
    return load < 0
