"""Every tool of every server and agent, as MCP tells it: the list the contract tests run over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from outcry.tools import surfaces
from wire.config import votes


@dataclass(frozen=True)
class Offer:
    """One tool and whose it is."""

    server: str
    tool: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.tool["name"])

    @property
    def arguments(self) -> dict[str, Any]:
        """The schema of each argument, by name."""
        found: dict[str, Any] = self.tool["inputSchema"]["properties"]
        return found

    @property
    def scope(self) -> str | None:
        return self.tool.get("_meta", {}).get("openoutcry/scope")

    @property
    def of_agent(self) -> bool:
        return votes(self.server)


SURFACES = asyncio.run(surfaces())
OFFERS = [Offer(server, tool) for server, surface in SURFACES.items() for tool in surface["tools"]]


def each(chosen: Callable[[Offer], bool] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test over every tool that is chosen, as its argument ``offer``."""
    found = [offer for offer in OFFERS if chosen(offer)]
    assert found
    return pytest.mark.parametrize("offer", found, ids=[f"{offer.server}.{offer.name}" for offer in found])
