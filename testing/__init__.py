"""What tests and benches share: platforms of their own, the engine on the wire, faults between services."""
