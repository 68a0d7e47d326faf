"""The status of the migration."""
