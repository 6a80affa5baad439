"""Pure functions: what the log, the cache and a recovery mean."""
