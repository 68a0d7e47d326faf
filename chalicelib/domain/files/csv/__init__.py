"""Reading a CSV file of meter readings: its table, numbers, dates and rows."""
