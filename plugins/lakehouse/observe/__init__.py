"""Seeing and telling: metrics, logs, incidents, ETA, health page, doctor, retention."""
