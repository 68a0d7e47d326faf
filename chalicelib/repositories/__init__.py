"""MongoDB adapters of the ports. The only place besides migrations that imports pymongo."""
