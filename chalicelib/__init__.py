"""The application: everything that is packaged for Lambda besides app.py."""
