"""Two calculation versions on one database: what the former release stored, and what it does meanwhile."""
