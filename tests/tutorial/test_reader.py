# SPDX-License-Identifier: Apache-2.0
"""The runner of the tutorial itself: what makes a chapter pass, and that a stale one fails."""

import pytest

from tests.tutorial import chapter, reader, update

CHAPTER = """\
# A chapter

```console
$ A=first; cat <<'END'
one $ line
END
one $ line
$ echo $A \\
    second
first second
(another)$ echo begins; read -t 60 line < wait; echo "got $line"
begins
```

<!-- exits with 3 -->
```console
$ (echo told > wait; exit 3)
(another)
got told
```

<!-- output of: echo 8774; minova() { echo "$@"; }; minova up -->
```text
8774
up
```
"""


@pytest.fixture
def follow(tmp_path):
    (tmp_path / "checkout").mkdir()

    def follow(text):
        with reader.Reader(tmp_path / "checkout") as somebody:
            # Before the other terminal reads from it.
            steps = chapter.steps(f"```console\n$ mkfifo wait\n```\n{text}")
            return list(somebody.follow(steps))

    return follow


def test_a_chapter_that_is_true_passes(follow):
    outcomes = follow(CHAPTER)
    assert [outcome.trouble for outcome in outcomes] == [""] * 7
    assert outcomes[-1].real == ["8774", "up"]


@pytest.mark.parametrize(
    ("written", "stale", "trouble"),
    [
        ("one $ line\n$ echo", "one $ word\n$ echo", "the output is another one"),
        ("first second\n(", "first second\nthird\n(", "the output is another one"),
        ("exits with 3", "exits with 4", "the command exits with 3"),
        ("8774\nup", "8775\nup", "the output is another one"),
    ],
)
def test_a_stale_chapter_fails_where_it_is_stale(follow, written, stale, trouble):
    assert written in CHAPTER
    *before, last = follow(CHAPTER.replace(written, stale))
    assert last.trouble == trouble
    assert not any(outcome.trouble for outcome in before)


def test_what_another_terminal_never_says_fails(follow, monkeypatch):
    monkeypatch.setattr(reader, "STEP_SECONDS", 2)
    outcomes = follow(CHAPTER.replace("got told", "got nothing"))
    assert outcomes[-1].trouble == "this is not said in 2 s"


def test_ctrl_c_ends_what_runs_in_a_terminal(follow):
    text = "```console\n(long)$ echo begins; sleep 600\nbegins\n(long) ^C\n(long)$ echo after\nafter\n```\n"
    assert [outcome.trouble for outcome in follow(text)] == [""] * 4


def test_an_update_writes_what_was_really_said():
    stale = CHAPTER.replace("one $ line\n$ echo", "$ echo").replace("first second\n(", "second\nthird\n(")
    print_line, echo, *_ = chapter.steps(stale)
    outcomes = [
        reader.Outcome(print_line, ["one $ line"], "the output is another one"),
        reader.Outcome(echo, ["first second"], "the output is another one"),
    ]
    assert update.rewritten(stale, outcomes) == CHAPTER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```console\n$ true\n", "the fence in line 1 has no end"),
        ("text\n```console\nsaid\n```\n", "line 3 is the output of no command: 'said'"),
    ],
)
def test_a_chapter_that_cannot_be_read_says_where(text, message):
    with pytest.raises(ValueError, match=message):
        chapter.steps(text)
