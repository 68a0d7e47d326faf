"""What is removed when the old backend is retired: the manifest, and the removal that is tried in a copy."""
