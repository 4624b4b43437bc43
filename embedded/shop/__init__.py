"""A seeded shop to ingest from: its database in PostgreSQL, shipments over REST, marketing as CSV.

The shop's content at the end of a day is a pure function of (seed, orders per year, day): every attribute and
every later change of a row is computed from the row's number. Nothing depends on when, or in how many steps,
the shop was advanced to that day, so two machines hold the same rows and a test can compute what it expects.
"""
