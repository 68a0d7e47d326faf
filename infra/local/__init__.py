"""The laptop stack: environments, processes, deployment. Nothing here is shipped."""
