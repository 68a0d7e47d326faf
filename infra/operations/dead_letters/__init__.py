"""Events that a function failed on: the queue, and the commands on it."""
