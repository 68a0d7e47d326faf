"""The retirement of version 1: what its routes ask at each call, what operators change, and what stands in its way."""
