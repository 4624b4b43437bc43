"""The doctor: looks at the whole platform, changes nothing, and says what is wrong and what to type."""
