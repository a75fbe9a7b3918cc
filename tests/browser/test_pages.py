"""The registry of pages: none is missing, each is what it says."""

from fastapi.routing import APIRoute

from app.main import ROUTERS
from tests.browser.pages import NO_PAGES, PAGES


def page_routes() -> set[str]:
    """The routes that a browser can open, without the API of the trial database."""
    return {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        if "GET" in (route.methods or ()) and not route.path.startswith("/api/")
    }


def test_every_page_can_be_looked_at() -> None:
    assert page_routes() - set(NO_PAGES) - {sight.route for sight in PAGES} == set()


def test_no_sight_is_of_a_page_that_is_gone() -> None:
    assert {sight.route for sight in PAGES} | set(NO_PAGES) == page_routes()


def test_every_sight_has_a_name_of_its_own() -> None:
    names = [sight.name for sight in PAGES]
    assert sorted(set(names)) == sorted(names)
