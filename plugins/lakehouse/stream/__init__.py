"""The stream: changes of the busy tables, batch by batch, from the source's log to the live dashboard."""
