"""Exports of readings: a CSV file for spreadsheets, and a JSON document with everything, which is read here too."""
