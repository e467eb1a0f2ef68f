"""``python -m mcp_servers.market [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.market.server import opened

if __name__ == "__main__":
    main("market", opened)
