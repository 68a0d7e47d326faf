"""The components of the page: the Protocol of a backend, the reads as values, and the new backend."""
