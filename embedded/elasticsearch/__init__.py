"""Elasticsearch from Elastic's own server jars, run on a Java runtime from a wheel."""
