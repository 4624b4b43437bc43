"""The stream: micro-batches from a source's log to the hot tables, their lag, the edge and the seam."""
