"""The end of an account, and everything that is kept of it."""
