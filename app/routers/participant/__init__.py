"""The participant's pages and the one address that phones send to; a module per noun.

Handlers parse, call one verb or query and hand ready values to a template. What a value looks like
in words is in `words`, what surrounds every page in `frame`, how a posted form is saved in `posts`.
"""

from app.routers.participant.diary import router as diary
from app.routers.participant.doors import router as doors
from app.routers.participant.doses import router as doses
from app.routers.participant.home import router as home
from app.routers.participant.reports import router as reports
from app.routers.participant.submissions import router as submissions

ROUTERS = (doors, home, diary, submissions, doses, reports)
