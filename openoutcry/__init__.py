"""The pure core of Open Outcry: no I/O, no clock, no environment, no logging.

Everything here is a function of its arguments: indicators, voting, sizing, the risk gate, the matching engine, the
portfolio and the ledger's projection. Processes, files, databases and exchanges live in the packages around it.
"""
