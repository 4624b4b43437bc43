"""The shop's lineage: what its dashboards show comes from its connections."""

from __future__ import annotations

from lakehouse.observe.facts.lineage import read_lineage


def test_customer_analytics_shows_gold_that_comes_from_the_shop_s_connections() -> None:
    lineage = read_lineage()
    [board] = [each for each in lineage.dashboards() if each.slug == "customer-analytics"]
    assert board.gold_tables
    reached = {stream.connection for gold in board.gold_tables for stream in lineage.upstream(gold).streams}
    assert "shop_postgres_to_lake" in reached
    assert all(name.startswith("shop_") for name in reached)


def test_what_is_streamed_does_not_stand_in_for_the_night_s_stream_of_that_name() -> None:
    shipped = read_lineage()
    assert {each.connection for each in shipped.streamed()} == {"shop_postgres_stream_to_lake"}
    assert [each.stream for each in shipped.streamed()] == ["customers", "orders", "stream_tracer"]
    assert {each.stage for each in shipped.streamed()} == {"stream_orders"}
    orders = [each.connection for each in shipped.upstream("gold.orders").streams if each.stream == "orders"]
    assert orders == ["shop_postgres_to_lake"]


def test_live_orders_hangs_on_the_stream_and_on_no_stage_of_the_night() -> None:
    lineage = read_lineage()
    [live] = lineage.live_dashboards()
    assert (live.slug, live.gold_tables) == ("live-orders", ())
    assert set(live.serving_views) >= {"serving.orders", "serving.stream_tracer"}
    assert lineage.dashboards_of("shop_postgres_stream_to_lake") == (live,)
    assert live not in lineage.dashboards_of("extract_postgres")
    assert live not in lineage.dashboards_of("test_data_quality")
