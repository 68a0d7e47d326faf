"""Guards that go with the migration, or whose tests do."""
