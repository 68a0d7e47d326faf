"""Keeping display documents up to date: the one refresh, the sweeper, rebuild and replay."""
