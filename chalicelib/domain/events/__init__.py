"""Events: their contracts, what can be read of a version that nobody knows here, and the trace that they carry."""
