"""The status of the migration, put together from everything that is known of it."""
