-- Updates, new rows, a row that comes late, and deletions of each kind: by a mark, for good, out of the log.
update orders
set state = 'served', updated_at = timestamptz '2025-10-17 12:00+02'
where state = 'open' and order_id in (select md5('order ' || n)::uuid from generate_series(1, 60) as n);

insert into orders
select
    md5('order ' || n)::uuid, md5('store ' || 1 + n % 3)::uuid, md5('customer ' || 1 + n % 40)::uuid, 'paid', 4.50,
    timestamptz '2025-10-17 08:00+02' + n * interval '1 minute',
    timestamptz '2025-10-17 08:01+02' + n * interval '1 minute'
from generate_series(201, 215) as n;
-- Ordered long ago, entered today, with the very time that the last night has seen as the newest.
insert into orders
select
    md5('late order')::uuid, store_id, null, 'served', 4.50, timestamptz '2025-09-01 09:00+02',
    timestamptz '2025-10-14 07:05+02' + 200 * interval '13 minutes'
from stores order by store_id limit 1;

insert into order_items (order_id, line, sku, quantity, unit_price)
select order_id, 1, 'SKU-002', 1, 4.50 from orders as o
where not exists (select from order_items as i where i.order_id = o.order_id);

update customers
set loyalty_points = loyalty_points + 10, preferences = preferences || '{"milk": "soy"}',
    updated_at = timestamptz '2025-10-17 13:00+02'
where customer_id in (select md5('customer ' || n)::uuid from generate_series(3, 9) as n);
update customers
set name = 'erased', email = null, updated_at = timestamptz '2025-10-17 14:00+02',
    deleted_at = timestamptz '2025-10-17 14:00+02'
where customer_id = md5('customer 11')::uuid;

update stock set on_hand = on_hand - 1 where sku in ('SKU-001', 'SKU-002');
delete from stock where sku = 'SKU-012';
delete from order_items where line = 2 and sku = 'SKU-007';
update orders as o
set total = s.total, updated_at = timestamptz '2025-10-17 15:00+02'
from (select order_id, sum(amount) as total from order_items group by order_id) as s
where s.order_id = o.order_id and o.total <> s.total;
delete from feedback where rating = 1;
insert into feedback values (timestamptz '2025-10-17 16:00+02', 5, null);
