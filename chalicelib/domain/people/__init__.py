"""People: how their ids look and are taken out, what takes their place, and the end of an account."""
