"""Figures of the rollout: answers added up by the hour, gauges for alarms, everything about one component."""
