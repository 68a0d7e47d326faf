"""Packaging and deploying the application, the same way to AWS and to the laptop stack."""
