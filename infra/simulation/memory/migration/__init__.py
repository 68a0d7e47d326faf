"""What the migration alone needs from outside, in memory: both sides, flags, rollouts, comparisons, the census."""
