"""The processes of a laptop stack: how each is started, watched and ended."""
