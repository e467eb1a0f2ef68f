"""``python -m mcp_servers.risk [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.risk.server import opened

if __name__ == "__main__":
    main("risk", opened)
