"""Asking both backends the same question and recording where they differ."""
