-- Three statements of a scrape together stay below Prometheus's time limit for it.
set local statement_timeout = '4s';
