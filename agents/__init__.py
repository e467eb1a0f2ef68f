"""Agents form views and never trade: each looks through MCP tools and calls out one ballot per round."""
