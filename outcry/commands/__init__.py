"""Commands. Each module offers ``app``: a Typer with one or more commands."""
