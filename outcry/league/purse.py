"""The league's own money: one sum for all models, held in this process, which never lends more than it has."""

from decimal import Decimal
from itertools import count

from agents.llm.provider import Prompt
from agents.llm.purse import Refused, Spent
from openoutcry.types.amounts import plain


class LeaguePurse:
    """A Purse of ``limit`` dollars. A call whose cost nobody knows stands at its bound."""

    def __init__(self, limit: Decimal) -> None:
        self._limit, self.spent = limit, Decimal(0)
        self._reserved: dict[str, Decimal] = {}
        self._numbers = count(1)

    async def reserve(self, model: str, prompt: Prompt, bound: Decimal, *, cheapest: bool) -> str:
        """See Purse."""
        if bound and self.spent + sum(self._reserved.values()) + bound > self._limit:
            raise Refused(
                f"{model}: {plain(self.spent)} of the league's {plain(self._limit)} dollars are spent"
            )
        call_id = str(next(self._numbers))
        self._reserved[call_id] = bound
        return call_id

    async def settle(self, call_id: str, spent: Spent) -> None:
        """See Purse."""
        bound = self._reserved.pop(call_id)
        self.spent += bound if spent.cost is None else spent.cost
