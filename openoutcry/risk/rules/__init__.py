"""The gate's rules. Each looks at one case and says what it breaks, or nothing."""
