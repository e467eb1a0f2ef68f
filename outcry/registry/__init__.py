"""``outcry strategies``: the commands over the registry. ``outcry/commands/strategies.py`` puts them together."""
