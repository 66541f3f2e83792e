"""Bulk rows in: hashed here, written straight into the child tables of all servers at once."""
