"""The REST API: the same reads as the pages, and the door at which an agency's system posts its messages."""

from comity.web.api.app import create_api

__all__ = ["create_api"]
