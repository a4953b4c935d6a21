"""The ledger adds whole counts, whatever the order, and copies of a stage keep apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chipsim.accounting.ledger import Ledger, LedgerRow
from chipsim.accounting.work import Work

NAMES = st.sampled_from(("a", "b", "c"))
POSTS = st.lists(
    st.tuples(NAMES, NAMES, NAMES, st.dictionaries(NAMES, st.integers(0, 2**80), max_size=3)), max_size=30
)


def filled(posts: list[tuple[str, str, str, dict[str, int]]]) -> Ledger:
    ledger = Ledger()
    for stage, operation, component, actions in posts:
        ledger.post(stage, operation, component, actions)
    return ledger


def test_an_mvm_on_an_8_by_2_array_is_counted_twice_when_it_is_posted_twice() -> None:
    work = Work(duration=138_000, actions={"dac_conv": 8, "cell_reads": 16, "adc_conv": 2})
    ledger = Ledger()
    for _ in range(2):
        ledger.post("train", "forward", "tile", work.actions)
    assert ledger.rows() == (
        LedgerRow("train", "forward", "tile", "adc_conv", 4),
        LedgerRow("train", "forward", "tile", "cell_reads", 32),
        LedgerRow("train", "forward", "tile", "dac_conv", 16),
    )


def test_a_count_of_zero_leaves_a_row_of_zero() -> None:
    assert filled([("s", "update", "array", {"set_pulses": 0})]).rows() == (
        LedgerRow("s", "update", "array", "set_pulses", 0),
    )


@given(POSTS, st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_posting(
    posts: list[tuple[str, str, str, dict[str, int]]], random: object
) -> None:
    shuffled = list(posts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    rows = filled(posts).rows()
    assert filled(shuffled).rows() == rows
    assert list(rows) == sorted(rows)


@given(POSTS)
def test_totals_are_exact_sums_of_what_was_posted(posts: list[tuple[str, str, str, dict[str, int]]]) -> None:
    ledger = filled(posts)
    for action in "abc":
        posted = [(s, o, c, acts[action]) for s, o, c, acts in posts if action in acts]
        assert ledger.total(action) == sum(count for *_, count in posted)
        assert ledger.total(action, stage="a") == sum(n for s, _, _, n in posted if s == "a")
        assert ledger.total(action, operation="b", component="c") == sum(
            n for _, o, c, n in posted if (o, c) == ("b", "c")
        )


@given(POSTS, POSTS)
def test_a_stages_copy_keeps_its_counts_while_the_ledger_goes_on(
    first: list[tuple[str, str, str, dict[str, int]]], second: list[tuple[str, str, str, dict[str, int]]]
) -> None:
    ledger = filled(first)
    copies = {stage: ledger.only(stage) for stage in "abc"}
    for stage, operation, component, actions in second:
        ledger.post(stage, operation, component, actions)
    for stage, copy in copies.items():
        assert copy.rows() == tuple(row for row in filled(first).rows() if row.stage == stage)


@given(POSTS, POSTS)
def test_what_came_since_a_copy_is_what_was_posted_after_it(
    first: list[tuple[str, str, str, dict[str, int]]], second: list[tuple[str, str, str, dict[str, int]]]
) -> None:
    earlier, later, alone = filled(first), filled(first + second), filled(second)
    since = later.since(earlier)
    assert {row for row in since.rows() if row.count} == {row for row in alone.rows() if row.count}


def test_a_total_of_what_never_happened_is_zero() -> None:
    assert Ledger().total("adc_conv") == 0
