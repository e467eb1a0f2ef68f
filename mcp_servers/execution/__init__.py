"""The execution server: takes approved orders to a venue exactly once, and says what became of them."""
