"""The spot position and the perpetual sold against it: how much is covered, what it costs, how much should
be.
"""
