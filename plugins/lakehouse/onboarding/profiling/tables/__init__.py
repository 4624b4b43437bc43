"""What PostgreSQL's catalog says of the tables that are to be brought in."""
