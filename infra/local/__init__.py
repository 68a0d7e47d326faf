"""The laptop stack: MongoDB, LocalStack and the AppConfig emulator as processes of this machine, started and ended together."""
