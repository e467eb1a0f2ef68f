"""What minds cost and remember."""
