"""Test the tests: change one thing in code that must not be wrong, and see whether a test notices."""
