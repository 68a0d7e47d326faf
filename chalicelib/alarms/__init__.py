"""The alarms of a deployment, in CloudWatch."""
