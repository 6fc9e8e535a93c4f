"""The service below /lab, as behind a proxy that has other things beside it: nothing else is answered."""

from synqc.service.path_prefix import BelowPrefix
from synqc_tds_super_backend import app as service

PLACE = "/lab"
_below = BelowPrefix(service, PLACE)


async def app(scope, receive, send):
    if scope["type"] == "http" and not scope["path"].startswith(f"{PLACE}/"):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"not of the laboratory"})
        return
    await _below(scope, receive, send)
