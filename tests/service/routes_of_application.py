"""Every route of an application, taken from itself: none can be left out of a test."""

import re

from fastapi.routing import iter_route_contexts
from starlette.routing import Mount


def routes_of(app):
    """(method, template) of every route; None for a WebSocket's method."""
    for route in iter_route_contexts(app.routes):
        if type(route.route).__name__ == "APIWebSocketRoute":
            yield None, route.path
        elif isinstance(route.route, Mount):
            yield from (("GET", route.path), ("HEAD", route.path))
        else:
            yield from ((method, route.path) for method in sorted(route.methods))


def path_of(template):
    """One that the route answers."""
    path = re.sub(r"{[a-z_]+}", "x1", template)
    return path + {"/ui/static": "/app.js", "/ui/shared": "/api.js"}.get(path, "")
