"""The sync modes, and what two sides of one reading owe each other."""
