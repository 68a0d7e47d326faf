"""The household of the page's demo."""
