"""HTTP: routes per version, authentication, and the one mapping from errors to answers."""
