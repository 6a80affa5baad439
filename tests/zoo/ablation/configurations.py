"""The searches that are compared, as data; nothing of the suite is imported for them."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["CRASHES", "GROUPS", "MEANINGS", "ORDINARY", "Configuration"]


class Configuration(enum.Enum):
    """One way to search, by the name that it has in commands, files and tables."""

    WHOLE = "whole"
    PLAIN = "plain"
    WITHOUT_ALPHABETS = "without alphabets"
    WITHOUT_DIRECTED = "without directed cases"
    WITHOUT_LONG = "without long histories"
    TOURS_ONLY = "tours only"
    WITHOUT_CRASHES = "without crash classes"


ORDINARY: Final = "ordinary"
CRASHES: Final = "crashes"

GROUPS: Final = {
    ORDINARY: (
        Configuration.WHOLE,
        Configuration.PLAIN,
        Configuration.WITHOUT_ALPHABETS,
        Configuration.WITHOUT_DIRECTED,
        Configuration.WITHOUT_LONG,
        Configuration.TOURS_ONLY,
    ),
    # The other parts have no say in a crash: its histories are drawn from none of them.
    CRASHES: (Configuration.WHOLE, Configuration.PLAIN, Configuration.WITHOUT_CRASHES),
}
"""The configurations of each group of systems, in the order in which they are measured."""

MEANINGS: Final = {
    Configuration.WHOLE: (
        "the suites as they are, in the `quick` profile: those that judge the requirement that the "
        "system breaks, one after the other"
    ),
    Configuration.PLAIN: (
        "what somebody would write in an afternoon with Hypothesis alone, without this suite: a "
        "`RuleBasedStateMachine` of 40 examples and 50 steps for a log or a cache, compared with a "
        "list or a dict after each step, and `@given` properties of 40 examples, compared with the "
        "reference, for all else; texts are `st.text()`, numbers `st.integers(0, 2**64 - 1)`, "
        "records `st.builds`, with rules that use a stored entry again"
    ),
    Configuration.WITHOUT_ALPHABETS: (
        "whole, with `st.text()` and `st.integers(0, 2**64 - 1)` in the place of the few names, "
        "ticks and numbers that collide, of the pools of near misses, deep outcomes and requests, "
        "and of the ticks beside a log's own; tables and scripts stay as they are"
    ),
    Configuration.WITHOUT_DIRECTED: (
        "whole, without what is fixed in advance: the directed suites, the tables of laws, the "
        "scripts that leave a store alone for a while, and the acts that machines open with"
    ),
    Configuration.WITHOUT_LONG: "whole, without the suites of long histories",
    Configuration.TOURS_ONLY: (
        "the tours of the bounded models and nothing else; the `quick` profile has none, so they "
        "cannot be left out of it"
    ),
    Configuration.WITHOUT_CRASHES: (
        "the log or cache as an ordinary backend that promises `reopen`, by every suite that makes "
        "no crash, no fault and no damage; killed where any requirement fails"
    ),
}
"""What each configuration is, as the page says it."""
