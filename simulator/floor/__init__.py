"""The real floor put together inside the simulation."""
