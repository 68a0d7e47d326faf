"""The rules of every figure a person sees, as pure functions: from readings to months, histogram and cards."""

# Raised whenever a rule changes: figures of another version are never shown, and the sweeper brings them up.
CALCULATION_VERSION = 2
