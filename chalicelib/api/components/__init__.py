"""What the page calls: one route per component, answered by the old backend or the new one, in one shape."""
