"""The floor's MCP servers behind the API's own door."""
