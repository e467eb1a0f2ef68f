"""The matching engine: a pure, deterministic venue over candles and order books.

State is an Account; facts are events; ``engine`` decides events, ``account.evolve`` applies them. Whoever
keeps the events in order can rebuild the venue exactly. The rules of filling are written out in
docs/paper-venue.md.
"""
