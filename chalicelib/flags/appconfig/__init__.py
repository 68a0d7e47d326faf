"""The flag document in AWS AppConfig: clients, sessions that read it, deployments that change it."""
