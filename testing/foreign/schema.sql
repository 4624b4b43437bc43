-- The cafe's database on its first day. Every value follows from a number, so that each run has the same rows.
create type order_state as enum ('open', 'paid', 'served', 'cancelled');
create type product_category as enum ('coffee', 'tea', 'cake');

create table stores (
    store_id uuid primary key,
    name text not null,
    opened_on date not null,
    opening_hours jsonb,
    tags text[] not null default '{}',
    updated_at timestamptz not null
);

create table customers (
    customer_id uuid primary key,
    name text not null,
    email text,
    loyalty_points integer not null default 0,
    preferences jsonb,
    updated_at timestamptz not null,
    deleted_at timestamptz
);
create index on customers (updated_at);

create table products (
    sku varchar(12) primary key,
    name text not null,
    category product_category not null,
    cost numeric(10, 4) not null,
    price numeric(8, 2) not null,
    allergens text[]
);

create table orders (
    order_id uuid primary key,
    store_id uuid not null references stores,
    customer_id uuid references customers,
    state order_state not null,
    total numeric(10, 2) not null,
    ordered_at timestamptz not null,
    updated_at timestamptz not null
);
create index on orders (updated_at);

create table order_items (
    order_id uuid not null references orders on delete cascade,
    line smallint not null,
    sku varchar(12) not null references products,
    quantity smallint not null,
    unit_price numeric(8, 2) not null,
    amount numeric(10, 2) generated always as (quantity * unit_price) stored,
    primary key (order_id, line)
);

create table stock (
    store_id uuid not null references stores,
    sku varchar(12) not null references products,
    on_hand integer not null,
    primary key (store_id, sku)
);

create table feedback (
    said_at timestamptz not null,
    rating smallint not null,
    words text
);

insert into stores
select
    md5('store ' || n)::uuid,
    'Cafe ' || n,
    date '2024-03-01' + n,
    jsonb_build_object('monday', '08:00-18:00', 'seats', 10 * n),
    (array['wifi', 'brunch, late', 'the "old" one'])[1:n],
    timestamptz '2025-10-01 08:00+02'
from generate_series(1, 3) as n;

insert into customers
select
    md5('customer ' || n)::uuid,
    'Guest ' || n,
    case when n % 5 > 0 then format('guest%s@example.org', n) end,
    n % 7,
    case when n % 3 > 0 then jsonb_build_object('milk', (array['oat', 'cow'])[1 + n % 2], 'sugar', n % 2 = 0) end,
    timestamptz '2025-10-10 09:00+02' + n * interval '1 minute',
    null
from generate_series(1, 40) as n;

insert into products
select
    format('SKU-%s', lpad(n::text, 3, '0')),
    (array['Espresso', 'Flat white', 'Sencha', 'Käsekuchen'])[1 + n % 4] || ' ' || n,
    (array['coffee', 'coffee', 'tea', 'cake'])[1 + n % 4]::product_category,
    0.2525 * n,
    1.50 + n,
    case n % 3 when 0 then array['milk'] when 1 then array['nuts', 'gluten'] end
from generate_series(1, 12) as n;

insert into orders
select
    md5('order ' || n)::uuid,
    md5('store ' || 1 + n % 3)::uuid,
    case when n % 4 > 0 then md5('customer ' || 1 + n % 40)::uuid end,
    (array['paid', 'served', 'open', 'served', 'cancelled'])[1 + n % 5]::order_state,
    0,
    timestamptz '2025-10-14 07:00+02' + n * interval '13 minutes',
    timestamptz '2025-10-14 07:05+02' + n * interval '13 minutes'
from generate_series(1, 200) as n;

insert into order_items (order_id, line, sku, quantity, unit_price)
select
    md5('order ' || n)::uuid,
    line,
    format('SKU-%s', lpad((1 + (n + 5 * line) % 12)::text, 3, '0')),
    1 + (n + line) % 3,
    2.50 + (n + 5 * line) % 12
from generate_series(1, 200) as n, generate_series(1, 2) as line
where line <= 1 + n % 2;

update orders as o
set total = (select sum(i.amount) from order_items as i where i.order_id = o.order_id);

insert into stock
select s.store_id, p.sku, 10 + length(p.name) from stores as s, products as p;

insert into feedback
select timestamptz '2025-10-15 10:00+02' + (n / 2) * interval '1 hour', 1 + n % 5, 'It was ' || n / 2
from generate_series(1, 20) as n;
-- Two guests said the very same thing at the same moment.
insert into feedback select * from feedback order by said_at, rating limit 1;
