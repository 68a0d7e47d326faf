"""JSON: the text of an answer, and one canonical encoding for what is compared byte by byte."""
