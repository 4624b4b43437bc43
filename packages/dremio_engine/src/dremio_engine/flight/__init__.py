"""Arrow Flight: sessions, the server, and what of the protocol is refused."""
