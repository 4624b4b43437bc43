-- Orders whose amount is not above zero: there must be none.
select
    order_id,
    amount
from {{ ref('fct_orders') }}
where amount <= 0
