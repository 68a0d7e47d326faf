"""The watcher of a laptop stack: makes metrics of the functions' log, and lets alarms ring as CloudWatch would.

LocalStack makes no metrics of EMF lines, and evaluates neither percentiles nor metric math. The watcher is a process of
its own, so that nothing of it slows or fails an invocation.
"""
