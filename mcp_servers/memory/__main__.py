"""``python -m mcp_servers.memory [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.memory.server import opened

if __name__ == "__main__":
    main("memory", opened)
