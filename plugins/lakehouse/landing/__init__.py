"""Landing: which files Airbyte landed for which business date, how they are read, the extracts."""
