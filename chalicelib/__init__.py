"""The application: everything that is shipped to Lambda besides app.py."""
