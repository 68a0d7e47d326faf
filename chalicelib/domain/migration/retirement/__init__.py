"""The retirement of version 1: its calendar, who still calls, and what blocks it. Pure."""
