"""Secrets that are none: what examples, manuals and defaults carry, and attackers try first."""

import re

WORDS = re.compile(
    r"change[-_ ]?(?:me|this|it|in)|your[-_ ]|super[-_ ]?secret|default|placeholder|example|insert[-_ ]|todo|password|"
    r"qwerty"
)


def is_placeholder(secret: str) -> bool:
    """Whether a secret reads as if it were to be replaced, or repeats one or two characters."""
    return len(set(secret)) < 3 or WORDS.search(secret.lower()) is not None
