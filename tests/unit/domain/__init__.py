"""Tests of the calculation core; no network, no clock."""
