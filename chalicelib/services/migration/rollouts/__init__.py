"""Rollouts that carry themselves: by a schedule, and at an operator's word."""
