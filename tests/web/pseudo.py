"""Every page as a browser without script gets it, as JSON: name of the sight → HTML.

Run in a process of its own (`python -m tests.web.pseudo LANG`), so that the application may be a
copy of ours with other words in it.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.testclient import TestClient

from tests.browser.pages import PAGES, Sight, cookies_of, play
from tests.engines import Engine, Sqlite
from tests.people import on_stage, settle
from tests.web.reading import Page


def main(lang: str) -> None:
    """Write the pages."""
    with TemporaryDirectory() as folder:
        engine = Sqlite(Path(folder))
        shown = {sight.name: fetch(engine, sight, lang) for sight in PAGES}
    json.dump(shown, sys.stdout)


def fetch(engine: Engine, sight: Sight, lang: str) -> str:
    """The HTML of a sight in a language, on a stage of its own; nothing is touched there."""
    url, cast = engine.copy_of(settle)
    with on_stage(url, cast) as stage:
        codes = play(stage, sight, lang)
        client = TestClient(
            stage.app,
            base_url=stage.deployment.base_url,
            cookies=cookies_of(stage, sight.holder, lang, codes),
            headers={"accept-language": lang},
        )
        answer = client.get(sight.address(codes))
        if sight.sends:
            action = sight.sends.format_map(codes)
            form = Page(answer.text).form(action)
            answer = client.post(action, data=form | dict(sight.filled))
    engine.drop(url)
    return answer.text


if __name__ == "__main__":
    main(*sys.argv[1:])
