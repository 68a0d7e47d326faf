"""The laptop stack: MongoDB, LocalStack and the AppConfig emulator as processes, started and ended together."""
