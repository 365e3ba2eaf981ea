"""Everything that knows Ray: connection, tasks, memory, forests in shards."""
