"""What a person was told of each order: made, refused, or that nobody knows yet."""

from typing import Any, cast

from chaos.person import Person
from chaos.rig import LiveFloor


class Told:
    """A floor that gives these answers, one after another."""

    def __init__(self, *answers: tuple[int, Any] | None) -> None:
        self.answers, self.asked = list(answers), list[tuple[str, str]]()

    async def ask(self, _session: object, _method: str, _path: str, body: Any, key: str, _s: float) -> Any:
        self.asked.append((body["side"], key))
        return self.answers.pop(0)


def order(name: str, status: str, number: str | None) -> tuple[int, Any]:
    said = {"id": name, "status": status, "exchange_order_id": number, "error_message": "why"}
    return 201, {"order": said}


async def test_an_order_whose_fate_nobody_knew_was_not_told_to_be_made() -> None:
    floor = Told(
        order("a", "FILLED", "1"),
        order("b", "NEW", None),
        None,
        (503, {}),
        order("c", "REJECTED", None),
        order("d", "FILLED", "2"),
    )
    person = Person(cast("Any", None), cast("LiveFloor", floor), "me")
    assert [await person.order() for _ in range(4)] == [True, False, False, True]
    assert (person.made, person.open, person.refusal) == ({"a", "d"}, {"b"}, "None why")
    assert floor.asked == [("BUY", "me-1"), ("SELL", "me-2"), *[("BUY", "me-3")] * 3, ("SELL", "me-4")]
