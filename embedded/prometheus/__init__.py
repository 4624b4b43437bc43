"""Prometheus, Alertmanager and the observer they talk to: started only when asked for."""
