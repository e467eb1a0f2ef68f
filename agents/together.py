"""Several tool calls at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from openoutcry.types.votes import ToolUse


async def together(*calls: Coroutine[Any, Any, ToolUse]) -> tuple[ToolUse, ...]:
    """The answers of concurrent calls, in the order asked. The first failure cancels the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return tuple(task.result() for task in tasks)
