"""Messages to people: one notifier, and an outbox that loses none of them."""
