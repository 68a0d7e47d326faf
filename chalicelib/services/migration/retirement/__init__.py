"""The retirement of version 1: the check at each call of its routes, operators' changes, and what still blocks it."""
