"""Functions that EventBridge and schedules call. Each has a decorator of ``event_function``."""
