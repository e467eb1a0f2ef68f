"""Why a request is refused: Binance's code, its message and the HTTP status it comes with."""


class Refusal(Exception):
    """A definitive no. ``code``, ``message`` and ``data`` are the body, ``status`` the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400, data: object = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "msg": self.message}
        return body if self.data is None else {**body, "data": self.data}


def mandatory(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'.")


def unexpected(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def filtered(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


def rejected(message: str) -> Refusal:
    return Refusal(-2010, message)


def unknown_order() -> Refusal:
    return Refusal(-2013, "Order does not exist.")


def not_cancelled() -> Refusal:
    return Refusal(-2011, "Unknown order sent.")


def no_list() -> Refusal:
    return Refusal(-2018, "Order list does not exist.")


def bad_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


def poor() -> Refusal:
    return rejected("Account has insufficient balance for requested action.")


def duplicate(kind: str) -> Refusal:
    """An open order has this client order id."""
    return (
        rejected("Duplicate order sent.")
        if kind == "spot"
        else Refusal(-4116, "ClientOrderId is duplicated.")
    )


def too_many(kind: str) -> Refusal:
    return filtered("MAX_NUM_ORDERS") if kind == "spot" else Refusal(-2025, "Reach max open order limit.")
