"""Figures as a person reads them."""

SIGN = {True: "up", False: "down"}


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """0.1234 → 12.3 %."""
    if value is None:
        return "–"
    return f"{value * 100:{'+' if signed else ''},.{digits}f} %"


def ratio(value: float | None) -> str:
    """Two decimals."""
    return "–" if value is None else f"{value:,.2f}"


def amount(value: float | None, quote: str) -> str:
    """Money with its currency."""
    return "–" if value is None else f"{value:,.2f} {quote}"


def figure(value: float | int | None, unit: str, quote: str) -> str:
    """A metric by its unit."""
    if value is None:
        return "–"
    match unit:
        case "fraction":
            return percent(value, 2)
        case "quote":
            return amount(value, quote)
        case "days":
            return f"{value:,.1f} d"
        case "trades":
            return f"{value:,}"
        case _:
            return ratio(value)


def leaning(value: float | None) -> str:
    """The class of a figure that is good above zero."""
    return "" if value is None or value == 0 else SIGN[value > 0]
