"""Functions as processes: their code, their process, and AWS's Runtime API in front of it."""
