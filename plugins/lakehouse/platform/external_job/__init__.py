"""Following a job that another system runs for a task: adopt, wait, defer, cancel (docs/decisions/0015)."""
