-- Orders whose amount is not greater than zero. There must be none.
select
    order_id,
    amount
from {{ ref('fct_orders') }}
where amount <= 0
