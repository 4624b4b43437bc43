"""A secret is in no text that leaves the platform, whatever form it has there."""

from __future__ import annotations

import base64
import json
import random
import string
from urllib.parse import quote, quote_plus

import pytest

from lakehouse.observe.facts.redaction import MASK, Redactor
from lakehouse.observe.facts.secret_values import secrets_in

SECRET = "L7 p/ä\"s's\\w+ö=rd&<%>"
FORMS = {
    "as it is": SECRET,
    "json": json.dumps(SECRET),
    "json, not ascii": json.dumps(SECRET, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"event": SECRET})),
    "repr": repr(SECRET),
    "url": quote(SECRET, safe=""),
    "url, lower case": quote(SECRET, safe="").lower().replace("l7", "L7"),
    "form": quote_plus(SECRET),
    "hex": SECRET.encode().hex(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 of a login": base64.b64encode(f"airbyte:{SECRET}".encode()).decode(),
    "base64 of a longer login": base64.b64encode(f"admin2:{SECRET}:x".encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(f"a:{SECRET}".encode()).decode(),
}


@pytest.mark.parametrize(("name", "form"), FORMS.items(), ids=FORMS.keys())
def test_a_configured_secret_is_hidden_in_every_form(name: str, form: str) -> None:
    hidden = Redactor([SECRET])(f"before {form} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert MASK in hidden
    shown = hidden.removeprefix("before ").removesuffix(" after").replace(MASK, "")
    # What stands around it may be seen: quotes, the JSON, and the login in Base64.
    assert len(shown) <= {"json in json": 20, "base64 of a login": 14, "base64 of a longer login": 14}.get(
        name, 6
    )
    assert not [shown for at in range(len(SECRET) - 2) if SECRET[at : at + 3] in shown]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://shop:Hidden1234@db:5432/shop", "postgresql://shop:***@db:5432/shop"),
        ("redis://:Hidden1234@cache", "redis://:***@cache"),
        ("https://Hidden1234Hidden1234@git.example/x", "https://***@git.example/x"),
        ("mysql://a:Hid@den1234@h/x", "mysql://a:***@h/x"),
        ("Authorization: Bearer Hidden1234.abc", "Authorization: Bearer ***"),
        ("{'Authorization': 'Bearer Hidden1234'}", "{'Authorization': 'Bearer ***'}"),
        ('{\\"authorization\\": \\"Bearer Hidden1234\\"}', '{\\"authorization\\": \\"Bearer ***\\"}'),
        ("authorization: Basic SGlkZGVuMTIzNA==", "authorization: Basic ***"),
        ("sent Basic dXNlcjpIaWRkZW4xMjM0 along", "sent Basic *** along"),
        ("Authorization: _dremioHidden1234hidden", "Authorization: ***"),
        ("token _dremiohidden1234hidden ended", "token *** ended"),
        ("password=Hidden1234&user=a", "password=***&user=a"),
        ('"client_secret" : "Hid den,1234", "x": 1', '"client_secret" : "***", "x": 1'),
        ("aws_secret_access_key = Hidden1234/abc+", "aws_secret_access_key = ***"),
        ("key AKIAHIDDEN1234HIDDEN is", "key *** is"),
        ("?X-Amz-Signature=Hidden1234&X-Amz-Date=1", "?X-Amz-Signature=***&X-Amz-Date=1"),
        ("cookie eyJHidden1234.eyJHidden1234.Hidden1234 set", "cookie *** set"),
        ("https://hooks.slack.com/services/T0/B0/Hidden1234", "https://hooks.slack.com/services/***"),
        ("-----BEGIN PRIVATE KEY-----\nHidden1234\n-----END PRIVATE KEY-----", None),
        ("api_key: Hidden1234", "api_key: ***"),
        ("token=Hidden1234567", "token=***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, kept: str | None) -> None:
    hidden = Redactor()(text)
    assert "Hidden1234" not in hidden
    assert "hidden1234" not in hidden
    assert kept is None or hidden == kept


@pytest.mark.parametrize(
    "text",
    [
        "GET http://127.0.0.1:8080/api/v2/dags answered 200",
        "s3://datalake/bronze/postgres/orders/date=2025-10-16/data.parquet",
        "Basic authentication is on; basic settings were read",
        "syntax error: unexpected token: SELECT",
        "primary key: order_id; key=customer_id",
        "12 of 12 PASS not_null_orders_order_id [PASS in 0.31s]",
        "password: null, token: None, secret = ***",
        "2026-11-29 02:51:08,876 INFO dremio_engine REST on 127.0.0.1:9047, Flight on 127.0.0.1:32010",
        "mail to ops@example.com at 10:30",
        "",
    ],
)
def test_a_line_without_a_secret_is_left_as_it_is(text: str) -> None:
    assert Redactor(["L7" + "0" * 30])(text) == text


def test_short_secrets_are_hidden_as_words_only() -> None:
    redactor = Redactor(["abcd", "xyz", ""])
    assert redactor("abcd, xabcdx 'abcd' xyz") == "***, xabcdx '***' xyz"


def test_a_cut_goes_through_no_secret() -> None:
    rng = random.Random(7)
    noise = "".join(rng.choices(string.ascii_letters + " ", k=500))
    text = f"{noise} {SECRET} Authorization: Bearer {'Zq9' * 20} {noise}"
    redactor = Redactor([SECRET])
    for cut in range(480, 620):
        for part in (redactor.part(text, 0, cut), redactor.part(text, cut, len(text))):
            assert SECRET[:4] not in part
            assert SECRET[-5:] not in part
            assert "Zq9" not in part
            assert "9Zq" not in part
    assert redactor.part(text, 0, len(text)) == redactor(text)


def test_many_texts_are_as_one_by_one() -> None:
    texts = [f"line {n} {form}" for n, form in enumerate([*FORMS.values(), "nothing", "", "a\nb", "abcd"])]
    redactor = Redactor([SECRET, "abcd"])
    assert redactor.all(texts) == [redactor(text) for text in texts]


def test_the_environment_tells_what_is_secret() -> None:
    environment = {
        "AIRFLOW_CONN_A": json.dumps(
            {
                "conn_type": "http",
                "login": "reader",
                "password": "in-json-1",
                "extra": {"private_key": "in-extra-2"},
            }
        ),
        "AIRFLOW_CONN_B": "postgres://user:in%40uri-3@host:5432/db?sslmode=require&access_token=in-query-4",
        "AIRFLOW_CONN_C": json.dumps({"extra": json.dumps({"nested": {"api_key": ["in-list-5"]}})}),
        "AIRFLOW_CONN_D": json.dumps({"host": "https://u:in-host-6@alerts.example/hook"}),
        "LAKE_S3_SECRET_KEY": "in-variable-7",
        "AIRBYTE_DATABASE_URL": "postgresql://platform:in-url-8@host/platform",
        "AIRFLOW__CORE__FERNET_KEY": "in-setting-9",
        "TOKEN_URL": "http://host/token",
        "AIRBYTE_CLIENT_ID": "an-identity",
        "PATH": "/usr/bin",
        "PLATFORM_PG_USER": "platform",
    }
    found = secrets_in(environment)
    expected = {"in-json-1", "in-extra-2", "in@uri-3", "in%40uri-3", "in-query-4", "in-list-5", "in-host-6"}
    assert expected | {"in-variable-7", "in-url-8", "in-setting-9"} == found
    hidden = Redactor.of_environment(environment)(" ".join([*found, "reader", "platform"]))
    assert hidden == " ".join([MASK] * len(found) + ["reader", "platform"])


def test_a_broken_connection_is_hidden_whole() -> None:
    assert secrets_in({"AIRFLOW_CONN_A": '{"password": "half'}) == {'{"password": "half'}
    assert secrets_in({"AIRFLOW_CONN_A": "http://[::1:secret@x"}) == {"http://[::1:secret@x"}


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    pem = "-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQC7\n-----END X-----"
    assert Redactor([pem])("line MIIEvQIBADANBgkqhkiG9w0BAQ only") == "line *** only"
