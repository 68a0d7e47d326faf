"""How sure the gate is, and what it says."""
