"""The registry of strategies: who they are, their versions, where they stand, and everything that changed them.

A change reads what stands there, decides purely, and writes under the strategy's row lock: two who change one strategy
come one after the other, and who decided on what no longer stands is refused (``Conflict``).
"""
