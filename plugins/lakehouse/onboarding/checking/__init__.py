"""What `bin/source check` looks at: the repository's files, their variables, the source, Airbyte."""
