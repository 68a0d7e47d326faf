"""Demo data: one real household, and an old collection of many users."""
