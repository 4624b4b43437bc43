-- The shop's tables. All timestamps are UTC without a zone, to the microsecond.
create schema if not exists shop_internal;

create table if not exists shop_internal.calendar (
    only_row boolean primary key check (only_row),
    seed bigint not null,
    orders_per_year bigint not null,
    day date not null,
    advanced_at timestamptz not null default now()
);

create table if not exists customers (
    customer_id bigint not null,
    name text not null,
    email text not null,
    phone text,
    address text,
    city text,
    state text,
    zip_code text,
    created_at timestamp not null,
    updated_at timestamp not null,
    deleted_at timestamp
);

create table if not exists products (
    product_id bigint not null,
    name text not null,
    category text not null,
    unit_price numeric(12, 2) not null,
    active boolean not null,
    created_at timestamp not null,
    updated_at timestamp not null
);

create table if not exists orders (
    order_id bigint not null,
    customer_id bigint not null,
    product_id bigint not null,
    order_date date not null,
    quantity integer not null,
    unit_price numeric(12, 2) not null,
    amount numeric(12, 2) not null,
    status text not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    deleted_at timestamp
);

create table if not exists shipments (
    shipment_id bigint not null,
    order_id bigint not null,
    carrier text not null,
    status text not null,
    shipped_at timestamp not null,
    delivered_at timestamp,
    updated_at timestamp not null
);

-- No column shows when a row changed, and sold-out stock has no row: only the write-ahead log has the changes.
create table if not exists stock_levels (
    product_id bigint not null,
    warehouse text not null,
    units_on_hand integer not null,
    reorder_point integer not null,
    primary key (product_id, warehouse)
);

-- Nothing of the shop: whoever reads the shop's changes all day commits a row here now and then, by the source's clock,
-- and sees when it arrives.
create table if not exists stream_tracer (
    tracer_id bigint generated always as identity primary key,
    committed_at timestamp not null default (clock_timestamp() at time zone 'UTC'),
    note text
);
