"""Passwords: Argon2id, 64 MiB, three passes (RFC 9106's second recommended choice)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openoutcry.errors import BadInput

SHORTEST = 12
LONGEST = 256
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
NOBODY = HASHER.hash("nobody has this password")
"""Checked in place of an unknown person's, so that both take as long."""


def hashed(password: str) -> str:
    """What is stored. About 50 ms of one core. Raises BadInput for what is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"password: must have {SHORTEST} to {LONGEST} characters", field="password")
    return HASHER.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether it is the password. As slow as ``hashed``, also for one that is too long."""
    try:
        return HASHER.verify(stored, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
