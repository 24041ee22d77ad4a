"""What can be wrong with a table or a training, each as one sentence with its remedy."""

from __future__ import annotations

from infra.kernel.errors import Problem


class UnreadableTable(Problem):
    status = 422
    code = "unreadable_table"
    title = "The file can't be read as a table"


class NoSuchColumn(Problem):
    status = 422
    code = "no_such_column"
    title = "The table has no such column"


class UnclearLabel(Problem):
    """The outcome column does not say who left."""

    status = 422
    code = "unclear_label"
    title = "It is not clear who left"


class TooFewRows(Problem):
    status = 422
    code = "too_few_rows"
    title = "There are too few rows to learn from"


class NothingToLearnFrom(Problem):
    status = 422
    code = "nothing_to_learn_from"
    title = "No column is left to learn from"


class WorseThanBefore(Problem):
    """The new model is worse than the one that it would replace."""

    status = 409
    code = "worse_model"
    title = "The model in use is better"


class UntrustedModel(Problem):
    """A stored model holds something that we never store: it is not opened."""

    status = 422
    code = "untrusted_model"
    title = "The stored model is not one of ours"
