"""``python -m mcp_servers.execution [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.execution.server import opened

if __name__ == "__main__":
    main("execution", opened)
