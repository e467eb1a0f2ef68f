"""What each process of a floor is told: its own key, tokens for whom it asks, and nothing that it has no use for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from openoutcry.settings import Settings
from wire.config import DEFAULT_ORG, ProcessConfig, RunSpec, kill_path, memory_keys, mint_tokens, purse_token
from wire.tokens import derive_key
from wire.vendor_keys import of_mind, speaks
from wire.venue_keys import VenueAccess


@dataclass(frozen=True, slots=True)
class Configs:
    """Everything that the processes of one floor are told of it. ``endpoints`` are those of all its servers and seats."""

    home: Path
    spec: RunSpec
    settings: Settings
    database_url: str
    root: bytes
    endpoints: Mapping[str, str]
    vendor_keys: Mapping[str, str]
    cassette: Path | None
    venue_access: VenueAccess | None

    def of(
        self,
        name: str,
        *,
        scopes: Mapping[str, tuple[str, ...]] | None = None,
        database: bool = True,
        trusted: bool = False,
        org_id: str = DEFAULT_ORG,
    ) -> ProcessConfig:
        """One process's. ``scopes``: whom it asks for what; ``trusted``: it has the floor's own key."""
        mind = mind_of(name, self.settings)
        purse = purse_token(self.root, name) if speaks(mind) else {}
        return ProcessConfig(
            name=name,
            home=self.home,
            database_url=self.database_url if database else None,
            run=self.spec,
            settings=self.settings,
            endpoints={peer: url for peer, url in self.endpoints.items() if peer in (scopes or {})},
            key=derive_key(self.root, name),
            tokens={**mint_tokens(self.root, name, scopes or {}, org_id), **purse},
            floor_key=self.root if trusted else None,
            cassette=self.cassette,
            vendor_keys={
                **of_mind(mind, self.vendor_keys),
                **memory_keys(name, self.settings, self.vendor_keys),
            },
            venue_access=self.venue_access if name == "execution" else None,
            kill_at=kill_path(),
        )


def mind_of(process: str, settings: Settings) -> str:
    """The mind of an agent's process; no other process has one."""
    seat = settings.agents.get(process.removeprefix("agent-")) if process.startswith("agent-") else None
    return seat.mind if seat else ""
