"""The client that we ship to the trial database: it copies the feed and proves it as it goes.

It knows the published contract and the ledger's arithmetic, and nothing else of the service. A copy
is a database or a folder of CSV; whenever the process dies, what the copy holds is whole, and the
next run goes on from there.
"""

from app.puller.pulling import Pulled, open_copy, pull, verify
from app.puller.refusals import PullStopped
from app.puller.server import Server
from app.puller.verifying import Verified

__all__ = ["PullStopped", "Pulled", "Server", "Verified", "open_copy", "pull", "verify"]
