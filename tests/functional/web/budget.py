"""What the first load of a page may have: bytes as they travel, and requests."""

BUDGET_BYTES, BUDGET_REQUESTS = 60 * 1024, 20
