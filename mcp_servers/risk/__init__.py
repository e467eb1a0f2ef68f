"""The risk MCP server: the book of a session measured, its limits, and the gate asked without consequence."""
