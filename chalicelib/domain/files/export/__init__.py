"""Giving readings back: as a CSV file for a spreadsheet, as a JSON document with everything, which is read here too."""
