-- Keys and cursor indexes, created after the history is loaded.
alter table customers add primary key (customer_id);
alter table products add primary key (product_id);
alter table orders add primary key (order_id);
alter table shipments add primary key (shipment_id);

create index customers_updated_at on customers (updated_at);
create index orders_updated_at on orders (updated_at);
create index shipments_updated_at on shipments (updated_at, shipment_id);
