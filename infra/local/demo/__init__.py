"""Data to try things with: one real household, and an old collection of many users."""
