"""The command line. One file per command; this package may use everything below it and nothing uses it."""
