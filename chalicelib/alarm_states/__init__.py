"""The state of a deployment's alarms, as CloudWatch says it; ``infra/alarms`` defines them."""
