"""What the database room needs from the machine: a PostgreSQL server of our own."""
