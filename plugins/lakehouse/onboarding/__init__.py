"""`bin/source`: bring a business's sources in, look whether everything fits, take them out again."""
