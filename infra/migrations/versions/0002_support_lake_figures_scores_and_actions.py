"""Support, lake, figures, scores and actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.kernel.append_only import guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "act_confirmation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act_confirmation")),
    )
    with op.batch_alter_table("act_confirmation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_act_confirmation_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_act_confirmation_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_act_confirmation_venue_id"), ["venue_id"], unique=False
        )

    op.create_table(
        "bot_settings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("wanted_precision_bps", sa.Integer(), nullable=False),
        sa.Column("refund_until_h", sa.Integer(), nullable=True),
        sa.Column("task", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_settings")),
    )
    with op.batch_alter_table("bot_settings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bot_settings_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_bot_settings_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "brain_report",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("task", sa.String(length=32), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brain_report")),
    )
    with op.batch_alter_table("brain_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_brain_report_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_file_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_macro",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("solves", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_macro")),
    )
    with op.batch_alter_table("case_macro", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_macro_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_message",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quoted", sa.Text(), nullable=False),
        sa.Column("mail_id", sa.String(length=255), nullable=True),
        sa.Column("from_email", sa.String(length=254), nullable=False),
        sa.Column("article", sa.String(length=80), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_message")),
        sa.UniqueConstraint("venue_id", "mail_id", name=op.f("uq_case_message_venue_id_mail_id")),
    )
    with op.batch_alter_table("case_message", schema=None) as batch_op:
        batch_op.create_index("ix_case_message_case_at", ["case_id", "at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_message_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_message_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_reader",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "account_id", name=op.f("pk_case_reader")),
    )
    with op.batch_alter_table("case_reader", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_reader_seen_at"), ["seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_reader_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_reply",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("then", sa.String(length=32), nullable=False),
        sa.Column("article", sa.String(length=80), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("seen_state", sa.String(length=32), nullable=False),
        sa.Column("seen_messages", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reply")),
    )
    with op.batch_alter_table("case_reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_reply_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "ix_case_reply_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index(batch_op.f("ix_case_reply_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "case_settings",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("reply_minutes", sa.Integer(), nullable=False),
        sa.Column("solve_minutes", sa.Integer(), nullable=False),
        sa.Column("live_reply_minutes", sa.Integer(), nullable=False),
        sa.Column("close_after_days", sa.Integer(), nullable=False),
        sa.Column("alarm_email", sa.String(length=254), nullable=False),
        sa.Column("mail_address", sa.String(length=254), nullable=False),
        sa.Column("mail_secret_sealed", sa.Text(), nullable=False),
        sa.Column("bot_answers_mails", sa.Boolean(), nullable=False),
        sa.Column("minute_cost_minor", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bot_suggests_in_mails", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_case_settings")),
    )
    op.create_table(
        "case_step",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_step")),
    )
    with op.batch_alter_table("case_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_step_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_step_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "churn_action_effect",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_days", sa.Integer(), nullable=False),
        sa.Column("treated", sa.Integer(), nullable=False),
        sa.Column("held_out", sa.Integer(), nullable=False),
        sa.Column("kept_treated", sa.Float(), nullable=False),
        sa.Column("kept_held_out", sa.Float(), nullable=False),
        sa.Column("effect", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("money_minor", sa.BigInteger(), nullable=False),
        sa.Column("money_low_minor", sa.BigInteger(), nullable=True),
        sa.Column("money_high_minor", sa.BigInteger(), nullable=True),
        sa.Column("cost_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("more_people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_action_effect")),
    )
    with op.batch_alter_table("churn_action_effect", schema=None) as batch_op:
        batch_op.create_index(
            "ix_churn_action_effect_trigger", ["trigger_id", "as_of"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_churn_action_effect_venue_id"), ["venue_id"], unique=False
        )

    op.create_table(
        "churn_assignment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("cost_minor", sa.Integer(), nullable=False),
        sa.Column("month_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("trigger_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_assignment")),
        sa.UniqueConstraint(
            "trigger_id",
            "person",
            "round",
            name=op.f("uq_churn_assignment_trigger_id_person_round"),
        ),
    )
    with op.batch_alter_table("churn_assignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_churn_assignment_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index("ix_churn_assignment_venue_id", ["venue_id", "id"], unique=False)

    op.create_table(
        "churn_erased",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("venue_id", "person", name=op.f("pk_churn_erased")),
    )
    op.create_table(
        "churn_metric_rows",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("figure", sa.String(length=32), nullable=False),
        sa.Column("definition", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("dimension", sa.String(length=120), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "venue_id",
            "figure",
            "definition",
            "month",
            "currency",
            "dimension",
            name=op.f("pk_churn_metric_rows"),
        ),
    )
    op.create_table(
        "churn_metric_run",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_churn_metric_run")),
    )
    op.create_table(
        "churn_metric_value",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("figure", sa.String(length=32), nullable=False),
        sa.Column("definition", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("dimension", sa.String(length=120), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "venue_id",
            "figure",
            "definition",
            "month",
            "currency",
            "dimension",
            name=op.f("pk_churn_metric_value"),
        ),
    )
    op.create_table(
        "churn_model",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_model")),
    )
    with op.batch_alter_table("churn_model", schema=None) as batch_op:
        batch_op.create_index(
            "ix_churn_model_venue_cause", ["venue_id", "cause", "trained_at"], unique=False
        )

    op.create_table(
        "churn_model_file",
        sa.Column("model_id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_churn_model_file")),
    )
    with op.batch_alter_table("churn_model_file", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_churn_model_file_venue_id"), ["venue_id"], unique=False
        )

    op.create_table(
        "churn_night",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_churn_night")),
    )
    op.create_table(
        "churn_past_score",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("payment_risk", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("venue_id", "person", "day", name=op.f("pk_churn_past_score")),
    )
    with op.batch_alter_table("churn_past_score", schema=None) as batch_op:
        batch_op.create_index("ix_churn_past_score_day", ["venue_id", "day"], unique=False)

    op.create_table(
        "churn_person",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", "person", name=op.f("pk_churn_person")),
    )
    with op.batch_alter_table("churn_person", schema=None) as batch_op:
        batch_op.create_index("ix_churn_person_customer", ["customer_id"], unique=False)
        batch_op.create_index("ix_churn_person_external", ["venue_id", "external_id"], unique=False)

    op.create_table(
        "churn_person_today",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("model_id", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("tenure_days", sa.Float(), nullable=True),
        sa.Column("may_write", sa.Float(), nullable=True),
        sa.Column("subscribed", sa.Float(), nullable=True),
        sa.Column("plan", sa.String(length=64), nullable=True),
        sa.Column("tier", sa.String(length=64), nullable=True),
        sa.Column("interval_months", sa.Float(), nullable=True),
        sa.Column("trial", sa.Float(), nullable=True),
        sa.Column("trial_ends_in_days", sa.Float(), nullable=True),
        sa.Column("subscribed_days", sa.Float(), nullable=True),
        sa.Column("price_month_minor", sa.Float(), nullable=True),
        sa.Column("list_month_minor", sa.Float(), nullable=True),
        sa.Column("discount_share", sa.Float(), nullable=True),
        sa.Column("discount_ends_in_days", sa.Float(), nullable=True),
        sa.Column("renews_in_days", sa.Float(), nullable=True),
        sa.Column("plan_changes_365", sa.Float(), nullable=True),
        sa.Column("came_back", sa.Float(), nullable=True),
        sa.Column("payment_failed", sa.Float(), nullable=True),
        sa.Column("declines_90", sa.Float(), nullable=True),
        sa.Column("days_since_payment", sa.Float(), nullable=True),
        sa.Column("card_expires_in_days", sa.Float(), nullable=True),
        sa.Column("paid_365_minor", sa.Float(), nullable=True),
        sa.Column("orders_365", sa.Float(), nullable=True),
        sa.Column("refunds_365", sa.Float(), nullable=True),
        sa.Column("days_since_watched", sa.Float(), nullable=True),
        sa.Column("active_days_30", sa.Float(), nullable=True),
        sa.Column("active_days_90", sa.Float(), nullable=True),
        sa.Column("minutes_30", sa.Float(), nullable=True),
        sa.Column("minutes_before_30", sa.Float(), nullable=True),
        sa.Column("minutes_trend", sa.Float(), nullable=True),
        sa.Column("live_share_90", sa.Float(), nullable=True),
        sa.Column("concerts_90", sa.Float(), nullable=True),
        sa.Column("devices_90", sa.Float(), nullable=True),
        sa.Column("rebuffer_share_30", sa.Float(), nullable=True),
        sa.Column("failed_starts_30", sa.Float(), nullable=True),
        sa.Column("startup_ms_30", sa.Float(), nullable=True),
        sa.Column("bad_stream_1", sa.Float(), nullable=True),
        sa.Column("cases_90", sa.Float(), nullable=True),
        sa.Column("open_case", sa.Float(), nullable=True),
        sa.Column("satisfaction", sa.Float(), nullable=True),
        sa.Column("mails_30", sa.Float(), nullable=True),
        sa.Column("open_share_90", sa.Float(), nullable=True),
        sa.Column("click_share_90", sa.Float(), nullable=True),
        sa.Column("days_since_concert", sa.Float(), nullable=True),
        sa.Column("days_to_concert", sa.Float(), nullable=True),
        sa.Column("concerts_next_30", sa.Float(), nullable=True),
        sa.Column("month", sa.String(length=64), nullable=True),
        sa.Column("visits_30", sa.Float(), nullable=True),
        sa.Column("cancel_visits_30", sa.Float(), nullable=True),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("risk_before", sa.Float(), nullable=True),
        sa.Column("payment_risk", sa.Float(), nullable=True),
        sa.Column("value_month_minor", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("venue_id", "person", name=op.f("pk_churn_person_today")),
    )
    with op.batch_alter_table("churn_person_today", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_churn_person_today_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index("ix_churn_person_today_risk", ["venue_id", "risk"], unique=False)

    op.create_table(
        "churn_spend",
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("spent_minor", sa.Integer(), nullable=False),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.CheckConstraint("spent_minor >= 0", name=op.f("ck_churn_spend_not_negative")),
        sa.PrimaryKeyConstraint("trigger_id", "month", name=op.f("pk_churn_spend")),
    )
    with op.batch_alter_table("churn_spend", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_churn_spend_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "churn_task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("touch_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_task")),
        sa.UniqueConstraint("touch_id", name=op.f("uq_churn_task_touch_id")),
    )
    with op.batch_alter_table("churn_task", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_churn_task_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_churn_task_trigger_id"), ["trigger_id"], unique=False)
        batch_op.create_index(
            "ix_churn_task_venue_state", ["venue_id", "state", "id"], unique=False
        )

    op.create_table(
        "churn_touch",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("trigger_id", sa.String(length=32), nullable=False),
        sa.Column("assignment_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cost_minor", sa.Integer(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_touch")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_churn_touch_assignment_id")),
    )
    with op.batch_alter_table("churn_touch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_churn_touch_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(
            "ix_churn_touch_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state in ('planned', 'doing')"),
            sqlite_where=sa.text("state in ('planned', 'doing')"),
        )
        batch_op.create_index(
            "ix_churn_touch_person", ["venue_id", "person", "acted_at"], unique=False
        )
        batch_op.create_index("ix_churn_touch_trigger", ["trigger_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_churn_touch_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "churn_trigger",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Float(), nullable=True),
        sa.Column("who", sa.JSON(), nullable=False),
        sa.Column("act", sa.JSON(), nullable=False),
        sa.Column("delay_s", sa.Integer(), nullable=False),
        sa.Column("again_after_days", sa.Integer(), nullable=True),
        sa.Column("rest_days", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_until", sa.String(length=5), nullable=False),
        sa.Column("not_during_case", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cost_minor", sa.Integer(), nullable=False),
        sa.Column("budget_minor", sa.Integer(), nullable=False),
        sa.Column("value_months", sa.Integer(), nullable=False),
        sa.Column("uplift_bps", sa.Integer(), nullable=False),
        sa.Column("measured_bps", sa.Integer(), nullable=True),
        sa.Column("holdout_bps", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measure_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cost_minor >= 0 and budget_minor >= 0", name=op.f("ck_churn_trigger_money")
        ),
        sa.CheckConstraint(
            "holdout_bps between 1000 and 2000", name=op.f("ck_churn_trigger_holdout")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_trigger")),
    )
    with op.batch_alter_table("churn_trigger", schema=None) as batch_op:
        batch_op.create_index("ix_churn_trigger_due", ["state", "due_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_churn_trigger_measure_at"), ["measure_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_churn_trigger_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_conversation_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_conversation_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_event_id"), ["event_id"], unique=False)
        batch_op.create_index("ix_conversation_venue_at", ["venue_id", "last_at"], unique=False)

    op.create_table(
        "conversation_line",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_id", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("article", sa.String(length=80), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.String(length=80), nullable=False),
        sa.Column("vote", sa.Integer(), nullable=False),
        sa.Column("asked_again", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_line")),
        sa.UniqueConstraint(
            "conversation_id", "n", name=op.f("uq_conversation_line_conversation_id_n")
        ),
    )
    with op.batch_alter_table("conversation_line", schema=None) as batch_op:
        batch_op.create_index(
            "ix_conversation_line_topic", ["venue_id", "topic", "at"], unique=False
        )

    op.create_table(
        "learned_example",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("confirmed_by", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_example")),
        sa.UniqueConstraint(
            "venue_id", "text", "intent", name=op.f("uq_learned_example_venue_id_text_intent")
        ),
    )
    with op.batch_alter_table("learned_example", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learned_example_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "live_notice",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("started_by", sa.String(length=32), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_notice")),
    )
    with op.batch_alter_table("live_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_notice_event_id"), ["event_id"], unique=False)
        batch_op.create_index("ix_live_notice_venue_until", ["venue_id", "until_at"], unique=False)

    op.create_table(
        "mail_click",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("action_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_link", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_click")),
    )
    with op.batch_alter_table("mail_click", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_click_action_id"), ["action_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mail_click_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_mail_click_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_mail_click_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "question_spike",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=True),
        sa.Column("hour", sa.String(length=13), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_spike")),
        sa.UniqueConstraint(
            "venue_id", "topic", "hour", name=op.f("uq_question_spike_venue_id_topic_hour")
        ),
    )
    with op.batch_alter_table("question_spike", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_spike_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_article",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_article")),
        sa.UniqueConstraint("venue_id", "slug", name=op.f("uq_support_article_venue_id_slug")),
    )
    with op.batch_alter_table("support_article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_article_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_case",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=True),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("assignee_id", sa.String(length=32), nullable=True),
        sa.Column("merged_into", sa.String(length=32), nullable=True),
        sa.Column("follows", sa.String(length=32), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("was_live", sa.Boolean(), nullable=False),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solve_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solve_left_s", sa.Integer(), nullable=False),
        sa.Column("alarm_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarmed_through", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_late", sa.Boolean(), nullable=False),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solved_late", sa.Boolean(), nullable=False),
        sa.Column("solved_by", sa.String(length=32), nullable=False),
        sa.Column("handled_s", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_rating_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("rating_text", sa.Text(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bot_may_answer", sa.Boolean(), nullable=False),
        sa.Column("bot_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bot_mail", sa.String(length=32), nullable=False),
        sa.Column("bot_mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bot_vote", sa.Integer(), nullable=False),
        sa.Column("bot_asked_again", sa.Boolean(), nullable=False),
        sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rating is null or rating in (0, 1)", name=op.f("ck_support_case_rating")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_case")),
        sa.UniqueConstraint("venue_id", "number", name=op.f("uq_support_case_venue_id_number")),
    )
    with op.batch_alter_table("support_case", schema=None) as batch_op:
        batch_op.create_index("ix_support_case_account", ["account_id", "venue_id"], unique=False)
        batch_op.create_index(
            "ix_support_case_alarm",
            ["alarm_due_at"],
            unique=False,
            postgresql_where=sa.text("alarm_due_at is not null"),
            sqlite_where=sa.text("alarm_due_at is not null"),
        )
        batch_op.create_index(
            "ix_support_case_arrived",
            ["arrived_due_at"],
            unique=False,
            postgresql_where=sa.text("arrived_due_at is not null"),
            sqlite_where=sa.text("arrived_due_at is not null"),
        )
        batch_op.create_index(
            batch_op.f("ix_support_case_assignee_id"), ["assignee_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_support_case_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_support_case_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index("ix_support_case_email", ["venue_id", "email"], unique=False)
        batch_op.create_index(
            "ix_support_case_follow_up",
            ["follow_up_at"],
            unique=False,
            postgresql_where=sa.text("follow_up_at is not null"),
            sqlite_where=sa.text("follow_up_at is not null"),
        )
        batch_op.create_index(
            batch_op.f("ix_support_case_merged_into"), ["merged_into"], unique=False
        )
        batch_op.create_index("ix_support_case_opened", ["venue_id", "opened_at"], unique=False)
        batch_op.create_index(
            "ix_support_case_queue", ["venue_id", "state", "reply_due_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_support_case_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_knowledge",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_support_knowledge")),
    )
    op.create_table(
        "support_mail_in",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("natural_key", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_mail_in")),
        sa.UniqueConstraint(
            "venue_id", "natural_key", name=op.f("uq_support_mail_in_venue_id_natural_key")
        ),
    )
    with op.batch_alter_table("support_mail_in", schema=None) as batch_op:
        batch_op.create_index(
            "ix_support_mail_in_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'new'"),
            sqlite_where=sa.text("state = 'new'"),
        )
        batch_op.create_index(batch_op.f("ix_support_mail_in_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_reading",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("print", sa.String(length=64), nullable=False),
        sa.Column("reader_name", sa.String(length=120), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_reading")),
        sa.UniqueConstraint(
            "venue_id", "lang", "subject", name=op.f("uq_support_reading_venue_id_lang_subject")
        ),
    )
    with op.batch_alter_table("support_reading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_reading_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_text",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_text")),
        sa.UniqueConstraint("article_id", "lang", name=op.f("uq_support_text_article_id_lang")),
    )
    with op.batch_alter_table("support_text", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_support_text_article_id"), ["article_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_support_text_venue_id"), ["venue_id"], unique=False)
        batch_op.create_index("ix_support_text_venue_state", ["venue_id", "state"], unique=False)

    op.create_table(
        "support_version",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("text_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("answer_md", sa.Text(), nullable=False),
        sa.Column("phrasings", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("restored_from", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_version")),
        sa.UniqueConstraint("text_id", "number", name=op.f("uq_support_version_text_id_number")),
    )
    with op.batch_alter_table("support_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_version_text_id"), ["text_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_support_version_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "support_vote",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("word", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_vote")),
        sa.UniqueConstraint(
            "venue_id", "slug", "reader", name=op.f("uq_support_vote_venue_id_slug_reader")
        ),
    )
    with op.batch_alter_table("support_vote", schema=None) as batch_op:
        batch_op.create_index("ix_support_vote_venue_at", ["venue_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_support_vote_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "unknown_cluster",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unknown_cluster")),
    )
    with op.batch_alter_table("unknown_cluster", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unknown_cluster_venue_id"), ["venue_id"], unique=False)

    op.create_table(
        "venue_lake",
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("root", sa.String(length=500), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("anew", sa.Boolean(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_venue_lake")),
    )
    with op.batch_alter_table("venue_lake", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_venue_lake_due_at"), ["due_at"], unique=False)

    op.create_table(
        "visit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("half_hour", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("page", sa.String(length=12), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("device", sa.String(length=8), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint(
            "venue_id",
            "customer_id",
            "half_hour",
            name=op.f("uq_visit_venue_id_customer_id_half_hour"),
        ),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_at"), ["at"], unique=False)
        batch_op.create_index("ix_visit_customer", ["customer_id"], unique=False)

    op.create_table(
        "visit_count",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue_id", sa.String(length=32), nullable=False),
        sa.Column("half_hour", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=12), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("device", sa.String(length=8), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.CheckConstraint("visits > 0", name=op.f("ck_visit_count_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_count")),
        sa.UniqueConstraint(
            "venue_id",
            "half_hour",
            "page",
            "event_id",
            "source",
            "campaign",
            "device",
            "country",
            name="uq_visit_count_way",
        ),
    )
    with op.batch_alter_table("visit_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_count_half_hour"), ["half_hour"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("city", sa.String(length=80), server_default="", nullable=False)
        )

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("artist", sa.String(length=160), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("genre", sa.String(length=60), server_default="", nullable=False)
        )

    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("source", sa.String(length=8), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("campaign", sa.String(length=80), server_default="", nullable=False)
        )

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("method_kind", sa.String(length=24), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("card_brand", sa.String(length=24), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("card_expires_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("playback_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("startup_ms", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("rebuffer_s", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("failed", sa.Boolean(), nullable=True))

    guard(op.get_bind(), "support_version")
