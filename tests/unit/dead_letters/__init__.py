"""The dead-letter queue as the application looks into it."""
