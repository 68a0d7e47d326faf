"""Database migrations, applied in the order of their numbers. ``python -m migrations status|up``."""
