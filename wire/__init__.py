"""What every process shares to meet the others: the wall clock, signed tokens, configuration, MCP hosting and calling."""
