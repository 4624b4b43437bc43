"""A client for a person's SQL on the lakehouse: `bin/sql`."""
