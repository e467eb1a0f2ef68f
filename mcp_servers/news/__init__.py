"""The news server: headlines and fear & greed, every text as untrusted data."""
