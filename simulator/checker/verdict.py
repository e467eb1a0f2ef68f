"""What a broken invariant is."""


class Violation(Exception):
    """An invariant of the catalogue (I1 to I18) does not hold."""

    def __init__(self, invariant: str, message: str) -> None:
        super().__init__(f"{invariant}: {message}")
        self.invariant = invariant


def must(holds: bool, invariant: str, message: str) -> None:
    """Raise Violation unless it holds."""
    if not holds:
        raise Violation(invariant, message)
