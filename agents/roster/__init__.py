"""One file per agent. Drop a file in and it sits on the floor; nothing else needs to change."""
