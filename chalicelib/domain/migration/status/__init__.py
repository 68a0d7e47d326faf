"""The status of the migration: how far it is, whether it may go on, and what comes first if not. Pure."""
