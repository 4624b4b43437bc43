"""The stream: micro-batches from the shop's log to the hot tables, their lag, the edge and the seam."""
