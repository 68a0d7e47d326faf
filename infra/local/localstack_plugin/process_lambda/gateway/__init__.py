"""What API Gateway does with an answer, where LocalStack does something else."""
