"""What to ask: SQL and the catalog in, a plan out. No I/O."""
