"""``outcry up``: what it is asked for, and each step of opening a floor."""
