"""Event contracts as they travel, and the EventBridge publisher."""
