"""Our books against the venue's: what differs, what is done about it, and how it is booked."""
