"""Statements that are more than a query, cut into typed commands."""
