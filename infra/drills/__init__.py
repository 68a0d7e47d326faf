"""Drills: what must never go wrong, done on purpose on a stack of its own, with proof that it would be noticed."""
