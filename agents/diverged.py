"""The error of a strict replay."""

from openoutcry.errors import OpenOutcryError


class ReplayDiverged(OpenOutcryError):
    """An agent asked or was asked what its recording does not hold; the message names what differs."""

    code = "REPLAY_DIVERGED"
