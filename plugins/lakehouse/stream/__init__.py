"""The stream: changes of the busy tables, micro-batch by micro-batch, from the source's log to the live dashboard."""
