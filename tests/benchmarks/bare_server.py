"""The lower bound for the embedded server: one route, one table, no signature, no validation, no permissions."""

from __future__ import annotations

import sys

import uvicorn
from anyio import to_thread
from sqlalchemy import String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(String)


def create_app(database: str) -> Starlette:
    """Reads a row for ``{"read": id}``, writes one for ``{"write": name}``; SQLite set up as ours is."""
    engine = create_engine(f"sqlite:///{database}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    _Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.merge(_Row(id=1, name="first", status="Approved"))

    def answer(asked: dict[str, str]) -> dict[str, object]:
        with Session(engine) as session, session.begin():
            if "read" in asked:
                row = session.scalars(select(_Row).where(_Row.id == 1)).one()
                return {"id": row.id, "name": row.name, "status": row.status}
            row = _Row(name=asked["write"], status="PendingManualApproval")
            session.add(row)
            session.flush()
            return {"id": row.id}

    async def route(request: Request) -> JSONResponse:
        return JSONResponse(await to_thread.run_sync(answer, await request.json()))

    return Starlette(routes=[Route("/", route, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
