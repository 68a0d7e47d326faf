"""Rollouts that go on by themselves: by a schedule, and by an operator's command."""
