"""A fencing token: proof of being the last to have taken a lease."""

from openoutcry.types.frozen import Frozen


class Fence(Frozen):
    """The lease's name, and how often it had been taken when its holder took it."""

    name: str
    token: int
