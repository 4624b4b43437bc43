"""The night: its plan, its clock, its deadlines and assets, and what every DAG of it has in common."""
