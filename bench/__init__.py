"""How fast the platform is, beside what it is built of: `make bench`. See docs/benchmarks.md."""
