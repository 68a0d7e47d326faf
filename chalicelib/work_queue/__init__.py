"""Messages about ranges of meters, in SQS: work that is divided among many functions."""
