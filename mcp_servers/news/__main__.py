"""``python -m mcp_servers.news [--stdio] [--port N] [--home DIR]``."""

from mcp_servers.entry import main
from mcp_servers.news.server import opened

if __name__ == "__main__":
    main("news", opened)
