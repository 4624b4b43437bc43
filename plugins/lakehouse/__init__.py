"""What every DAG of the lakehouse shares: the night's plan, its assets, its defaults and its operators."""
