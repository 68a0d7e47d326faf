"""Which components move to the new backend, and for whom."""
