"""Logger, metrics and their names."""
