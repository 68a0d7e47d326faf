"""The whole migration on a laptop stack of its own, driven as an operator drives it, while people read and write."""
