"""``python -m mcp_servers.indicators [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.indicators.server import opened

if __name__ == "__main__":
    main("indicators", opened)
