"""Jobs: rows with a guarded state machine, the queue they wait in, what they leave behind."""
