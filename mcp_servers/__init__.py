"""The floor's MCP servers. Each folder is one process; none knows another."""
