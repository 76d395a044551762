"""Logs: one JSON line an event, to standard error, with nothing personal or secret in it."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# What a log line may never carry, whoever passes it along.
NEVER = frozenset({"authorization", "key", "secret", "body", "payload", "value", "password"})


def withhold(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    for word in NEVER & line.keys():
        line[word] = "[withheld]"
    return line


def configure(level: str) -> None:
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(message)s")
    # What alembic says at every look at the schema is of no use to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # These tell addresses with their queries, and at `debug` headers: secrets may be among them.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            withhold,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
