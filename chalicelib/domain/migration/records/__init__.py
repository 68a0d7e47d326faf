"""Names and values of the rollout: who gets which backend, what was changed, what answered, what differed."""
