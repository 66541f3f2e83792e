"""What exists: servers, the shard map, tables. Values only; nothing here does any I/O."""
