"""Several tool calls at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from openoutcry.types.votes import ToolUse


async def together(*calls: Coroutine[Any, Any, ToolUse]) -> tuple[ToolUse, ...]:
    """The answers of concurrent calls, in the order asked. Raises the first failure in that order.

    All are waited for, so that neither what fails nor what was read before it depends on who answered faster.
    """
    done = await asyncio.gather(*calls, return_exceptions=True)
    answers = []
    for one in done:
        if isinstance(one, BaseException):
            raise one
        answers.append(one)
    return tuple(answers)
