"""People: how their ids look and are taken out, what stands in their place, and the end of an account."""
