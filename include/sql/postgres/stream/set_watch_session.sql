select
    set_config('application_name', 'lakehouse-stream', false) as application_name,
    set_config('statement_timeout', %(timeout)s, false) as statement_timeout
