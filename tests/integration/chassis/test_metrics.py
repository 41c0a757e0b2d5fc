"""Metrics: one family each over all services, and a service that is away hides no other."""

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.chassis.small_town import Town


def test_metrics_have_one_family_each_over_all_services(town: Town) -> None:
    town.publish()
    town.site.app.test_client().get("/v1/nothing")
    text = town.client()("GET", "/metrics", headers={}).text
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert text.count("# TYPE handoff_unpublished ") == 1
    gauges = {
        (s.labels["service"], s.name): s.value
        for f in families
        if f.type == "gauge"
        for s in f.samples
    }
    assert gauges["referral_api", "handoff_unpublished"] == 1
    assert gauges["notifier", "handoff_unpublished"] == 0
    assert 'handoff_http_requests_total{route="unmatched",service="notes",status="404"} 1' in text


def test_a_service_that_cannot_count_does_not_hide_the_others(town: Town) -> None:
    with town.notifier.database.transaction() as session:
        session.connection().exec_driver_sql("DROP TABLE waiting")
    town.watch()
    answer = town.client()("GET", "/metrics", headers={})
    assert answer.status_code == 200
    assert 'handoff_lag{service="referral_api"} 0.0' in answer.text
    assert 'handoff_lag{service="notifier"}' not in answer.text
