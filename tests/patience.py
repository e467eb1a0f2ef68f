"""How long a test waits for anything at all: it costs time only where a test fails, and a loaded machine needs it."""

PATIENCE_S = 120.0
