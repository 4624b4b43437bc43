truncate table {{ table }}
