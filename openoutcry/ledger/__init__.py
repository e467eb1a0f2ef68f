"""The ledger: a chain of records per session, the rows a record means, and how decisions ended. Pure."""
