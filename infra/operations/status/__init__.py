"""The command that shows the status of the migration."""
