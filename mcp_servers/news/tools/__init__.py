"""One tool per file."""
