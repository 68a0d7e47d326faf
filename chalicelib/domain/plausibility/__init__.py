"""Plausibility of readings: ``limits`` refuses what cannot be, ``questions`` asks back about what hardly fits."""
