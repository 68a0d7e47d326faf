"""The path of a trace: what is found of it in the database, in the logs of functions and among dead letters."""
