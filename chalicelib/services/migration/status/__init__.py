"""The one status, put together from everything that is known of the migration."""
