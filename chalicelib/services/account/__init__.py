"""Erasing an account, and exporting everything that is kept of a person."""
