"""Statements as jobs: a pool that runs them and what each command does."""
