"""Search in help articles as somebody types: prefixes, without accents, in any script. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from math import ceil, log

import msgspec

from support_bot.articles import Article, ArticleText
from support_bot.texts import tidy

QUERY_MAX = 200
TOKENS_MAX = 12
TITLE, PHRASING, ANSWER = 5.0, 3.0, 1.0
"""What a word is worth by where it stands."""

_ONE = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
        "ð": "d", "ŋ": "n", "ß": "ss", "ς": "σ", "ى": "ي", "ة": "ه", "ـ": None,
    }
)  # fmt: skip
_VOICED = "\u3099\u309a"
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_MARKUP = re.compile(r"[*_`#>~]+|\[([^\]]*)\]\([^)]*\)")


class Hit(msgspec.Struct, frozen=True):
    """An article that fits; `lang` is the language of the text that readers get."""

    article: Article
    lang: str
    text: ArticleText
    score: float


def plain(text: str) -> str:
    """Lower case, without accents, vowel signs and tatweel; ø as o, ß as ss, أ as ا."""
    folded = unicodedata.normalize("NFD", text.casefold().translate(_ONE))
    kept = (c for c in folded if unicodedata.category(c) != "Mn" or c in _VOICED)
    return unicodedata.normalize("NFC", "".join(kept).translate(_ONE))


def words(text: str) -> list[str]:
    """Words to search by. Chinese and Japanese stand without spaces: there, pairs of characters."""
    found: list[str] = []
    for run in _WORD.findall(plain(text)):
        at = 0
        for block in _UNSPACED.finditer(run):
            if block.start() > at:
                found.append(run[at : block.start()])
            found += _pairs(block.group())
            at = block.end()
        if at < len(run):
            found.append(run[at:])
    return found


def _pairs(block: str) -> list[str]:
    return [block] if len(block) == 1 else [block[i : i + 2] for i in range(len(block) - 1)]


def first_sentence(answer_md: str, chars_max: int = 160) -> str:
    """The beginning of an answer without its Markdown, for a list of results."""
    line = " ".join(_MARKUP.sub(lambda m: m[1] or "", answer_md).split())
    end = re.search(r"[.!?](?=\s)|[。！？]|؟", line)
    if end is not None and end.end() <= chars_max:
        return line[: end.end()]
    return line if len(line) <= chars_max else line[: chars_max - 1].rsplit(" ", 1)[0] + "…"


class Finder:
    """An index over articles as readers of one language get them. Built once, asked often."""

    def __init__(self, articles: Sequence[Article], lang: str) -> None:
        self._docs: list[tuple[Article, str, ArticleText]] = []
        weights: dict[str, dict[int, float]] = defaultdict(dict)
        for article in articles:
            shown = article.text(lang)
            if shown is not None:
                _add(weights, len(self._docs), shown[1])
                self._docs.append((article, *shown))
        # Tuples: a small dict for each of 4,000 words would take four times the memory.
        self._weights = {word: tuple(held.items()) for word, held in weights.items()}
        self._vocabulary = sorted(self._weights)
        count = len(self._docs)
        self._rarity = {
            word: log(1 + (count - len(held) + 0.5) / (len(held) + 0.5))
            for word, held in self._weights.items()
        }

    def find(self, query: str, limit: int = 8) -> list[Hit]:
        """The best articles first. A question that says more than one thing wants most of it met.

        Never raises, whatever is typed; 200 characters and 12 words of it are looked at.
        """
        asked = list(dict.fromkeys(words(tidy(query[:QUERY_MAX]))))[:TOKENS_MAX]
        scores: dict[int, float] = defaultdict(float)
        met: dict[int, float] = defaultdict(float)
        wanted = 0.0
        for word in asked:
            by_doc, importance = self._for(word)
            wanted += importance
            for doc, score in by_doc.items():
                scores[doc] += score
                met[doc] += importance
        ranked = sorted(
            ((scores[d] * (met[d] / wanted) ** 2, -d) for d in scores if met[d] * 2 >= wanted),
            reverse=True,
        )
        return [Hit(*self._docs[-d], round(score, 3)) for score, d in ranked[:limit]]

    def _for(self, word: str) -> tuple[dict[int, float], float]:
        """What each article scores for one word, and how much the word matters."""
        best: dict[int, float] = {}
        importance = 0.0
        for known, likeness in self._alike(word):
            rarity = self._rarity[known]
            importance = max(importance, rarity * likeness)
            for doc, weight in self._weights[known]:
                best[doc] = max(best.get(doc, 0.0), weight * rarity * likeness)
        # A word that nobody wrote says that none of these articles may be what is looked for.
        return best, importance or log(1 + len(self._docs))

    def _alike(self, word: str) -> list[tuple[str, float]]:
        """Known words with how alike they are: the same, begun with it, of the same stem, or
        (where there is none of these) one slip of the finger away.
        """
        shortest = max(5, ceil(len(word) * 0.75))
        found = []
        for known in self._starting(word[:shortest] if len(word) > shortest else word):
            if known == word:
                found.append((known, 1.0))
            elif known.startswith(word):
                found.append((known, 0.85 * (len(word) / len(known)) ** 0.5))
            elif len(known) <= len(word) * 1.5:
                found.append((known, 0.45))
        for length in range(max(4, ceil(len(word) * 0.6)), min(shortest, len(word))):
            if word[:length] in self._weights:
                found.append((word[:length], 0.4))
        if found or len(word) < 4 or _UNSPACED.match(word):
            return found
        return [(known, 0.5) for known in self._vocabulary if _one_slip(word, known)]

    def _starting(self, prefix: str) -> list[str]:
        at = bisect_left(self._vocabulary, prefix)
        found = []
        while at < len(self._vocabulary) and self._vocabulary[at].startswith(prefix):
            found.append(self._vocabulary[at])
            at += 1
        return found


def _add(weights: dict[str, dict[int, float]], doc: int, text: ArticleText) -> None:
    for worth, source in (
        (TITLE, text.title),
        (PHRASING, " ".join(text.phrasings)),
        (ANSWER, text.answer),
    ):
        counts: dict[str, int] = defaultdict(int)
        for word in words(source):
            counts[word] += 1
        for word, count in counts.items():
            held = weights[word]
            held[doc] = held.get(doc, 0.0) + worth * (1 + log(count))


def _one_slip(typed: str, meant: str) -> bool:
    """One letter more, less, other, or two swapped (Damerau 1964); `meant` may go on after it."""
    if typed[0] != meant[0] and typed[1:2] != meant[1:2]:
        return False
    meant = meant[: len(typed) + 1]
    if abs(len(typed) - len(meant)) > 1:
        return False
    at = 0
    while at < min(len(typed), len(meant)) and typed[at] == meant[at]:
        at += 1
    rest, other = typed[at:], meant[at:]
    swapped = rest[:2] == other[1::-1] if len(other) > 1 else False
    return (
        rest[1:] == other[1:]
        or rest[1:] == other
        or rest == other[1:]
        or rest[1:] == other[1:-1]
        or (swapped and (rest[2:] == other[2:] or rest[2:] == other[2:-1]))
    )
