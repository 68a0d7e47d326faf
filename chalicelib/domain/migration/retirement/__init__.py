"""The retirement of version 1: its calendar, who still calls, and what stands in its way. Pure."""
