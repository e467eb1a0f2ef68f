"""Values that cross a process boundary. Each noun is defined once, here, and is frozen."""
