"""Whose a database is: written into it when it is first opened, so that it is never served as another account's."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.storage.cards import ModelCard
from sagemaker_server.storage.database import Base, Database
from sagemaker_server.storage.endpoints import Endpoint, Model
from sagemaker_server.storage.registry import ModelPackage, ModelPackageGroup

_BEARING_ARNS = (ModelPackageGroup, ModelPackage, ModelCard, Model, Endpoint)


class Owner(Base):
    """The account; one row."""

    __tablename__ = "owner"

    account: Mapped[str] = mapped_column(String(12), primary_key=True)


def claim_for(database: Database, account: str) -> None:
    """Make sure that a database is of the account; one that nobody has claimed becomes its own.

    A database of a version that served one account has no owner yet: the ARNs in it say whose it is.

    Raises:
        ServerMisconfigured: It is of another account.
    """
    with database.writing() as session:
        owner = session.scalar(select(Owner.account)) or _account_in(session)
        if owner not in {None, account}:
            raise ServerMisconfigured(
                f"the database {database.engine.url.render_as_string(hide_password=True)} is of account {owner}, not "
                f"of {account}: set SAGEMAKER_SERVER_DATABASE_URL or SAGEMAKER_SERVER_ACCOUNT to what belongs together"
            )
        session.merge(Owner(account=account))


def _account_in(session: Session) -> str | None:
    for table in _BEARING_ARNS:
        arn = session.scalar(select(table.arn).limit(1))
        if arn is not None:
            return str(arn).split(":")[4]
    return None
