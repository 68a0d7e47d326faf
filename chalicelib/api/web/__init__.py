"""The page: its files, and the routes that serve them. What it shows it asks for below ``/components``."""
