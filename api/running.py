"""The settings the floor runs with right now."""

from api.floor import Floor
from db import state
from openoutcry.settings import Settings, changed


async def running_settings(floor: Floor) -> Settings:
    """What this process was started with, and the runtime changes the orchestrator put in force over it."""
    updates = await state.config_updates(floor.pool)
    return changed(floor.settings, updates) if updates else floor.settings
