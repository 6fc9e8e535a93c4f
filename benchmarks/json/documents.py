"""Documents shaped like the four everybody measures on: their keys, nesting, kinds and sizes, drawn from a seed."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

__all__ = ["DOCUMENTS", "document"]

_SEED = 20240607
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_WIDE = "".join(map(chr, range(0x3042, 0x3094))) + "".join(map(chr, range(0x4E00, 0x4F00)))


def _word(draw: random.Random, least: int = 2, most: int = 10) -> str:
    return "".join(draw.choices(_LATIN, k=draw.randint(least, most)))


def _words(draw: random.Random, count: int) -> str:
    return " ".join(_word(draw) for _ in range(count))


def _url(draw: random.Random) -> str:
    return f"http://{_word(draw, 4, 8)}.example.com/{_word(draw, 6, 14)}/{draw.randrange(10**9)}.png"


def _tweet_text(draw: random.Random) -> str:
    letters = "".join(draw.choices(_WIDE, k=draw.randint(20, 110)))
    return f"@{_word(draw, 5, 12)} {letters}\n{_url(draw)}" if draw.random() < 0.5 else letters


def _twitter_user(draw: random.Random) -> dict[str, Any]:
    number = draw.randrange(10**10)
    color = f"{draw.randrange(16**6):06X}"
    return {
        "id": number, "id_str": str(number), "name": "".join(draw.choices(_WIDE, k=draw.randint(3, 12))),
        "screen_name": _word(draw, 6, 14), "location": "".join(draw.choices(_WIDE, k=draw.randint(0, 8))),
        "description": "".join(draw.choices(_WIDE, k=draw.randint(0, 120))), "url": None,
        "entities": {"description": {"urls": []}}, "protected": False, "followers_count": draw.randrange(10**4),
        "friends_count": draw.randrange(10**4), "listed_count": draw.randrange(100),
        "created_at": "Sun Aug 31 00:29:15 +0000 2014", "favourites_count": draw.randrange(10**4), "utc_offset": None,
        "time_zone": None, "geo_enabled": draw.random() < 0.5, "verified": False,
        "statuses_count": draw.randrange(10**5), "lang": "ja", "contributors_enabled": False, "is_translator": False,
        "is_translation_enabled": False, "profile_background_color": color,
        "profile_background_image_url": _url(draw), "profile_background_image_url_https": _url(draw),
        "profile_background_tile": False, "profile_image_url": _url(draw), "profile_image_url_https": _url(draw),
        "profile_banner_url": _url(draw), "profile_link_color": color, "profile_sidebar_border_color": color,
        "profile_sidebar_fill_color": color, "profile_text_color": "333333", "profile_use_background_image": True,
        "default_profile": True, "default_profile_image": False, "following": False, "follow_request_sent": False,
        "notifications": False,
    }  # fmt: skip


def _tweet(draw: random.Random, *, repeated: bool = True) -> dict[str, Any]:
    number = draw.randrange(10**18)
    tweet = {
        "metadata": {"result_type": "recent", "iso_language_code": "ja"},
        "created_at": "Sun Aug 31 00:29:15 +0000 2014", "id": number, "id_str": str(number), "text": _tweet_text(draw),
        "source": f'<a href="{_url(draw)}" rel="nofollow">Twitter for iPhone</a>', "truncated": False,
        "in_reply_to_status_id": None, "in_reply_to_status_id_str": None, "in_reply_to_user_id": draw.randrange(10**10),
        "in_reply_to_user_id_str": str(draw.randrange(10**10)), "in_reply_to_screen_name": _word(draw, 6, 14),
        "user": _twitter_user(draw), "geo": None, "coordinates": None, "place": None, "contributors": None,
        "retweet_count": draw.randrange(100), "favorite_count": draw.randrange(100),
        "entities": {
            "hashtags": [], "symbols": [], "urls": [],
            "user_mentions": [{"screen_name": _word(draw), "name": "".join(draw.choices(_WIDE, k=6)),
                               "id": draw.randrange(10**10), "id_str": str(draw.randrange(10**10)),
                               "indices": [0, 11]}],
        },
        "favorited": False, "retweeted": False, "lang": "ja",
    }  # fmt: skip
    if repeated and draw.random() < 0.6:
        tweet["retweeted_status"] = _tweet(draw, repeated=False)
    return tweet


def _twitter(draw: random.Random) -> tuple[Any, int | None]:
    """A search result: 100 messages in Japanese with many repeated keys, indented."""
    statuses = [_tweet(draw) for _ in range(116)]
    metadata = {"completed_in": 0.087, "max_id": 505874924095815681, "query": "%E4%B8%80", "count": 100, "since_id": 0}
    return {"statuses": statuses, "search_metadata": metadata}, 2


def _citm_catalog(draw: random.Random) -> tuple[Any, int | None]:
    """A catalogue of concerts: small dicts whose keys are numbers, integers, indented far."""
    events = [draw.randrange(10**8, 10**9) for _ in range(184)]
    areas = [str(draw.randrange(205705993, 205706010)) for _ in range(17)]

    def seats() -> list[dict[str, Any]]:
        return [
            {"areas": [{"areaId": int(draw.choice(areas)), "blockIds": []} for _ in range(draw.randint(1, 16))],
             "seatCategoryId": draw.randrange(338937235, 338937299)}
            for _ in range(draw.randint(1, 6))
        ]  # fmt: skip

    def prices() -> list[dict[str, Any]]:
        return [
            {"amount": draw.randrange(1000, 200000, 500), "audienceSubCategoryId": 337100890,
             "seatCategoryId": draw.randrange(338937235, 338937299)}
            for _ in range(draw.randint(1, 6))
        ]  # fmt: skip

    return {
        "areaNames": {area: _words(draw, 3) for area in areas},
        "audienceSubCategoryNames": {"337100890": "Abonné"},
        "blockNames": {},
        "events": {
            str(event): {"description": None, "id": event, "logo": None, "name": _words(draw, 4).title(),
                         "subTopicIds": draw.choices(range(337184262, 337184299), k=3), "subjectCode": None,
                         "subtitle": None, "topicIds": draw.choices(range(324846098, 324846101), k=2)}
            for event in events
        },
        "performances": [
            {"eventId": draw.choice(events), "id": draw.randrange(10**8, 10**9), "logo": None, "name": None,
             "prices": prices(), "seatCategories": seats(), "seatMapImage": None, "start": 1372701600000,
             "venueCode": "PLEYEL_PLEYEL"}
            for _ in range(265)
        ],
        "seatCategoryNames": {str(number): _words(draw, 2) for number in range(338937235, 338937299)},
        "venueNames": {"PLEYEL_PLEYEL": "Salle Pleyel"},
    }, 4  # fmt: skip


def _canada(draw: random.Random) -> tuple[Any, int | None]:
    """The outline of a country: 480 rings of points, 56,000 pairs of numbers with 15 to 17 digits."""

    def ring(points: int) -> list[list[float]]:
        x, y = draw.uniform(-140, -52), draw.uniform(42, 83)
        return [[x + draw.uniform(-1, 1), y + draw.uniform(-1, 1)] for _ in range(points)]

    rings = [ring(max(4, round(draw.paretovariate(1.0) * 22) % 2500)) for _ in range(480)]
    while sum(map(len, rings)) < 50_500:
        rings.append(ring(500))
    return {"type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {"name": "Canada"},
                          "geometry": {"type": "Polygon", "coordinates": rings}}]}, None  # fmt: skip


def _github(draw: random.Random) -> tuple[Any, int | None]:
    """A list of 30 events: short dicts, addresses, hexadecimal names."""

    def event() -> dict[str, Any]:
        login, name = _word(draw, 5, 12), _word(draw, 5, 16)
        sha = f"{draw.randrange(16**40):040x}"
        return {
            "id": str(draw.randrange(10**10)), "type": "PushEvent",
            "actor": {"id": draw.randrange(10**7), "login": login, "gravatar_id": f"{draw.randrange(16**32):032x}",
                      "url": f"https://api.example.com/users/{login}",
                      "avatar_url": f"https://avatars.example.com/u/{draw.randrange(10**7)}?"},
            "repo": {"id": draw.randrange(10**8), "name": f"{login}/{name}",
                     "url": f"https://api.example.com/repos/{login}/{name}"},
            "payload": {"push_id": draw.randrange(10**9), "size": 1, "distinct_size": 1, "ref": "refs/heads/master",
                        "head": sha, "before": f"{draw.randrange(16**40):040x}",
                        "commits": [{"sha": sha, "author": {"email": f"{login}@example.com", "name": login},
                                     "message": _words(draw, 8), "distinct": True,
                                     "url": f"https://api.example.com/repos/{login}/{name}/commits/{sha}"}
                                    for _ in range(draw.randint(1, 3))]},
            "public": True, "created_at": "2013-01-10T07:58:30Z",
        }  # fmt: skip

    return [event() for _ in range(46)], None


DOCUMENTS = {"twitter": _twitter, "citm_catalog": _citm_catalog, "canada": _canada, "github": _github}


@lru_cache
def document(name: str) -> bytes:
    """One of DOCUMENTS as text, laid out like its model; the same bytes every time."""
    import json

    value, indent = DOCUMENTS[name](random.Random(_SEED))
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode()
