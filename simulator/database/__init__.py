"""A database in memory behind the driver's interface: the statements of ``db`` on plain tables, with a server's faults."""
