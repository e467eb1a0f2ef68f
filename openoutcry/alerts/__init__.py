"""When a figure is worth an alert."""
