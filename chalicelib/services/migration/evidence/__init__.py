"""Where evidence of the migration is looked for: each look fails alone, and all of them end in time."""
