"""When the dashboards of a night will be warm: forecast from past nights, told before it is too late."""
