"""Changing the sync mode, and the reconciliation of one reading's two sides."""
