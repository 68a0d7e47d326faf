"""Functions that EventBridge and schedules call. Each wears the project's decorator."""
