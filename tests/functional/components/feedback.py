"""What the page sends where somebody says that a component looks wrong."""

from typing import Any

Members = dict[str, Any]
SEEN = [{"type": "power", "sourceVersion": 7}, {"type": "gas", "sourceVersion": 0}]
WRONG: Members = {
    "component": "monthly_charts",
    "query": {"type": "power", "year": "2023", "shape": "months"},
    "backend": "new",
    "reason": "percentage_in",
    "meters": SEEN,
}
