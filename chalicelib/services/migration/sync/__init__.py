"""Keeping both sides equal: sync modes, the sync job, verify and repair."""
