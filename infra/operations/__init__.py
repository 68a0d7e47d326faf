"""The operator's commands on the data: sync mode, sync job, verify and repair."""
