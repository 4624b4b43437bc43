-- A renamed column, a new value of an enum, a new column, and the changes of an ordinary day.
alter table products rename column cost to unit_cost;
alter table stores add column phone text;
update stores set phone = '+49 30 1234', updated_at = timestamptz '2025-10-18 07:00+02' where name = 'Cafe 1';

update products set unit_cost = unit_cost + 0.0001, price = price + 0.10 where category = 'coffee';
insert into products values ('SKU-013', 'Banana bread', 'cake', 0.9999, 3.90, array['nuts', 'egg']);

update orders
set state = 'cancelled', updated_at = timestamptz '2025-10-18 09:00+02'
where order_id in (select md5('order ' || n)::uuid from generate_series(201, 204) as n);
insert into stock select store_id, 'SKU-013', 25 from stores;
update stock set on_hand = 0 where sku = 'SKU-003';
insert into feedback select said_at + interval '3 days', rating, words from feedback where rating = 5;
