"""What is done to tables, and the tables that show the engine itself."""
