"""Drills: proof, on a stack of its own, that flips and rollbacks lose nothing, and that a loss would be noticed."""
