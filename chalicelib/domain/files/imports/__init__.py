"""Importing a file of readings: what would be written, what is asked back about it, and how it is undone."""
