"""The one place that knows every service: makes them, with what each needs, and hands them to the stack."""
