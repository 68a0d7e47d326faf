"""``python -m infra verify | repair``: what differs between both sides and the display, mending it, the way back."""
