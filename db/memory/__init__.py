"""Memory: written by the floor alone."""
