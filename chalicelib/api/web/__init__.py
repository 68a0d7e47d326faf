"""The page: its files, and the routes that serve them. The page gets its data below ``/components``."""
