"""What belongs to a business, in the repository and outside."""
