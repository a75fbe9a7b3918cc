"""The participant's pages and the one address that phones send to; a module per noun.

Handlers parse, call one verb or query and hand ready values to a template. What a value looks like
in words is in `words`, what surrounds every page in `frame`, how a posted form is saved in `posts`.
"""

from app.routers.participant.diary import router as diary
from app.routers.participant.doors import router as doors
from app.routers.participant.doses import router as doses
from app.routers.participant.guides import router as guides
from app.routers.participant.history import router as history
from app.routers.participant.home import router as home
from app.routers.participant.letters import router as letters
from app.routers.participant.notices import router as notices
from app.routers.participant.offline import router as offline
from app.routers.participant.passkeys import router as passkeys
from app.routers.participant.phones import router as phones
from app.routers.participant.reports import router as reports
from app.routers.participant.settings import router as settings
from app.routers.participant.submissions import router as submissions

ROUTERS = (
    doors,
    home,
    diary,
    submissions,
    doses,
    reports,
    notices,
    offline,
    passkeys,
    phones,
    history,
    letters,
    settings,
    guides,
)
