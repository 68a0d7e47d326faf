"""Backup and restore of everything that cannot be calculated, as one file."""
