"""Getting the project onto a machine: the environment, the locks, the checks."""
