"""What every part of the lakehouse stands on: names, the database, the bucket, SQL files, errors."""
