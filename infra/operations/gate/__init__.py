"""Commands on the gate: its verdict, and how sure it is."""
