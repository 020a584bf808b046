"""PostgreSQL: find or start it, connect to it as a role, migrate it, load queries from files."""

from comity.store.errors import StoreError
from comity.store.migrate import migrate
from comity.store.models import Role, Settings
from comity.store.private import read_private, write_private
from comity.store.queries import Queries, load_queries
from comity.store.store import Store, open_store

__all__ = [
    "Queries",
    "Role",
    "Settings",
    "Store",
    "StoreError",
    "load_queries",
    "migrate",
    "open_store",
    "read_private",
    "write_private",
]
