"""The log shipper as a service of the platform."""
