"""Database migrations, applied in the order of their numbers. ``python -m migrations --help`` says how."""
