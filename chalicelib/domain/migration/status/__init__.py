"""The status of the migration: where it stands, whether it may go on, and what comes first if not. Pure."""
