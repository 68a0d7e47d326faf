"""The sync modes, and the reconciliation of one reading's two sides."""
