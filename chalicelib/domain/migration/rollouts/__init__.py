"""An automatic rollout: its plan, how far it is, and what comes next. Pure."""
