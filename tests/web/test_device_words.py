"""What a phone is called, by what its browser says of itself."""

import pytest

from app.routers.device_words import name_of, said

AS_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
AS_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
BROWSERS = {
    f"{IPHONE} {AS_SAFARI}": "iPhone, Safari",
    f"{IPHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148": "iPhone",
    f"{IPHONE} {AS_SAFARI.replace('Version/18.1', 'CriOS/131.0')}": "iPhone, Chrome",
    f"{IPHONE} {AS_SAFARI.replace('Version/18.1', 'FxiOS/133.0')}": "iPhone, Firefox",
    f"{IPHONE} {AS_SAFARI.replace('Version/18.1', 'EdgiOS/131.0')}": "iPhone, Edge",
    f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {AS_SAFARI}": "iPad, Safari",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {AS_SAFARI}": "Mac, Safari",
    f"{ANDROID} {AS_CHROME} Mobile Safari/537.36": "Android, Chrome",
    f"{ANDROID} {AS_CHROME} Mobile Safari/537.36 EdgA/131.0": "Android, Edge",
    f"{ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0 Mobile"
    " Safari/537.36": "Android, Samsung Internet",
    "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0": "Android, Firefox",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {AS_CHROME} Safari/537.36 Edg/131.0": (
        "Windows, Edge"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0": "Linux, Firefox",
    "curl/8.5": "",
    "": "",
}


@pytest.mark.parametrize("user_agent", BROWSERS)
def test_a_phone_has_a_name_that_people_know(user_agent: str) -> None:
    name = BROWSERS[user_agent]
    assert name_of(user_agent) == name
    assert name_of(name) == name, "what was stored is said again"


@pytest.mark.parametrize(("lang", "words"), [("en", "A phone"), ("fr", "Un téléphone")])
def test_a_phone_that_says_nothing_is_a_phone(lang: str, words: str) -> None:
    assert said("", lang) == said("who knows", lang) == words
    assert said("iPhone, Safari", lang) == "iPhone, Safari"
