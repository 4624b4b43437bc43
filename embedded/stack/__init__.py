"""Starts, watches and stops the platform's services under supervisord."""
