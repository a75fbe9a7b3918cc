"""Which addresses may take push messages, and the tricks by which others pass for them."""

import pytest

from app.domain.endpoints import LONGEST_ENDPOINT, is_push_host
from app.settings import Settings

HOSTS = Settings(secret_key="a key of the tests: 9f2c7e1b4d8a6053").push_hosts


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/cX3:APA91bF_x-Y",
        "https://fcm.googleapis.com:443/wp/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA",
        "https://web.push.apple.com/QOUkZ-x_y",
        "https://db5p.notify.windows.com/w/?token=BQYAAAC%2fb",
    ],
)
def test_the_push_services_of_the_browsers_are_allowed(endpoint: str) -> None:
    assert is_push_host(endpoint, HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com:0/x",
        "https://fcm.googleapis.com:99999/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://googleapis.com/x",
        "https://storage.googleapis.com/x",
        "https://fcm.googleapis.com./x",
        "https://evil.example/fcm.googleapis.com/x",
        "https://evil.example#fcm.googleapis.com/x",
        "https://evil.example\\.fcm.googleapis.com/x",
        "https://evil.example?.fcm.googleapis.com/x",
        "https://evil.example%2f.fcm.googleapis.com/x",
        "https://evil.example/\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\t.evil.example/x",
        "https://fcm.googleapis.com/x\r\nHost: evil.example",
        " https://fcm.googleapis.com/x",
        "https://ｆcm.googleapis.com/x",
        "https:///fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "https://fcm.googleapis.com",
        "https://fcm.googleapis.com/" + "x" * LONGEST_ENDPOINT,
        "",
    ],
)
def test_what_only_looks_like_one_is_not(endpoint: str) -> None:
    assert not is_push_host(endpoint, HOSTS)


def test_a_port_is_allowed_where_the_pattern_names_it_and_nowhere_else() -> None:
    assert is_push_host("https://localhost:8443/x", ["localhost:8443"])
    assert not is_push_host("https://localhost:8444/x", ["localhost:8443"])
    assert not is_push_host("https://localhost/x", ["localhost:8443"])
    assert not is_push_host("https://localhost:8443/x", ["localhost"])
    assert not is_push_host("https://localhost:8443/x", [])
