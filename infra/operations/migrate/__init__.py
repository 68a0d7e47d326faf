"""Bringing a database to the shape that the application expects, and back, as commands."""
