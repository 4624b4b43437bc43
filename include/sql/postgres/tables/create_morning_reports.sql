-- What people were told of each night in the morning.
create table if not exists morning_reports (
    business_date date primary key,
    state text not null,
    told_at timestamptz not null
);
