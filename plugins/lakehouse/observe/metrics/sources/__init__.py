"""Where metrics come from: one module for each system, each of which can be away without the others."""
