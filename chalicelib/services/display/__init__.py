"""Reading pre-calculated views, or calculating them on the spot where they lag."""
