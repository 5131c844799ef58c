"""Number an attempt's writes, so that one whose commit was made but not answered is not made twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("writes", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("jobs", "writes")
