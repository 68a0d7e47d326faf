"""Fakes of the ports that the migration alone needs: both sides, flags, rollouts, comparisons, the census."""
