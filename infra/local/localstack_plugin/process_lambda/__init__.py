"""A LocalStack plugin: Lambda functions run as plain processes, and one port serves one deployed REST API.

``executor`` and ``api_port`` speak to LocalStack; every other module knows nothing of it.
"""
