"""Meters as documents: what must hold between them, which of them lag, and what is displayed of them."""
