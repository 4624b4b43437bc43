delete from metric_readings
where source = %(source)s;
