"""HTTP: routes per version, and the one mapping from errors to answers. Tokens are checked in ``chalicelib.auth``."""
