"""The observer: one process that answers HTTP and runs what has to be done again and again."""
