"""A rollout that carries itself: its plan, how far it is, and what comes next. Pure."""
