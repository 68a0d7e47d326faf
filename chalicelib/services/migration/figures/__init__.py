"""The rollout in figures: adding up answers, gauges for those who look on, everything about one component."""
