"""Targets of commands: which stack, stage or database, found in one way for every command."""
