"""From landing to bronze: what Airbyte landed, checked, deduplicated and published per business date."""
