"""Rollouts that carry themselves, for operators in a shell."""
