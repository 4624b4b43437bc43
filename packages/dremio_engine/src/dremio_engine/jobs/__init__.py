"""Statements as jobs: their queue, the way each takes, and its rows."""
