"""The receipt of a night: what every stage did, kept in PostgreSQL and as one JSON file per business date."""

from lakehouse.receipts.report import ExternalJob, StageReport, empty_report

__all__ = ["ExternalJob", "StageReport", "empty_report"]
