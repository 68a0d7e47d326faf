"""Everything that cannot be calculated, written to a file and put back."""
