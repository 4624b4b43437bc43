select count(distinct delivery)
from alert_outbox
where delivered_at > %(since)s
