# ruff: noqa: RUF001 - words in many scripts
"""The words by which people refuse all further texts, and take that back, as they write them in a reply.

A reply means what it says as a whole: case, accents, punctuation, quotes, spaces and polite words don't count. One that
begins with such a word and says more ("Stop sending these at night") may mean something else, and is doubtful.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import cache
from typing import Final, final

from .column_names import folded

STOP_WORDS: Final = {
    "English": """
        STOP, STOPALL, STOPS, STOP SMS, UNSUBSCRIBE, UNSUB, CANCEL, END, QUIT, OPTOUT, REVOKE, REMOVE, REMOVE ME
    """,
    "French": "ARRÊT, ARRÊTER, DÉSABONNER, DÉSINSCRIRE, DÉSINSCRIPTION, FIN",
    "German": "STOPP, ABMELDEN, ABMELDUNG, ABBESTELLEN, AUSTRAGEN",
    "Spanish": "BAJA, ALTO, CANCELAR, DESUSCRIBIR, DETENER",
    "Portuguese": "PARAR, PARE, SAIR, DESCADASTRAR, REMOVER",
    "Italian": "FERMA, BASTA, ANNULLA, CANCELLA, CANCELLAMI, DISISCRIVI",
    "Dutch": "AFMELDEN, STOPPEN, UITSCHRIJVEN, OPZEGGEN",
    "Danish, Norwegian, Swedish": "AFMELD, AVMELD, AVSLUTT, AVSLUTA, SLUTA",
    "Finnish": "LOPETA, PERUUTA",
    "Polish, Czech, Slovak": "KONIEC, WYPISZ, REZYGNUJĘ, ODHLÁSIT, ODHLÁSIŤ, ZRUŠIT, ZRUŠIŤ",
    "Hungarian, Romanian": "LEIRATKOZÁS, LEIRATKOZOM, DEZABONARE",
    "Russian, Ukrainian": "СТОП, ОТПИСКА, ОТПИСАТЬСЯ, ОТМЕНА, ВІДПИСАТИСЯ, ВІДПИСКА",
    "Greek": "ΣΤΟΠ, ΔΙΑΓΡΑΦΗ",
    "Turkish": "DUR, RET, İPTAL",
    "Arabic, Hebrew": "إيقاف, توقف, إلغاء, הסר",
    "Chinese": "TD, 退订, 退訂",
    "Japanese, Korean": "停止, 配信停止, 수신거부, 거부",
    "Indonesian, Malay": "BERHENTI",
}
"""The words that refuse, by language; what two share stands once.

English has what carriers and providers document: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE and OPTOUT are
Twilio's, ARRET, REMOVE and TD are Amazon's as well; the other languages, what senders there tell people to write.
"""

START_WORDS: Final = "START, UNSTOP, SUBSCRIBE"
"""The words that take it back, as providers know them. YES is none: it answers many a question."""

_POLITE: Final = """
    please, pls, plz, thanks, thank you, now, texting me, sms, bitte, danke, svp, s'il vous plaît, s’il vous plaît,
    s'il vous plait, merci, por favor, gracias, obrigado, obrigada, per favore, grazie, alstublieft, aub, bedankt, tack,
    takk, tak, proszę, пожалуйста
"""
"""Words beside one that refuses which add nothing to it."""


@final
class Meaning(enum.Enum):
    """What a reply means for whoever sent it."""

    STOP = enum.auto()
    DOUBTFUL = enum.auto()
    START = enum.auto()
    OTHER = enum.auto()


def meaning(text: str) -> Meaning:
    """What the text of a reply means; what begins as if it refused, and says more, is doubtful."""
    if folded(text) in _starts():
        return Meaning.START
    if says_stop(text):
        return Meaning.STOP
    first = [folded(word) for word in re.findall(r"[^\W_]+", _bare(text))[:2]]
    refuses = bool(first) and not _stops().isdisjoint((first[0], "".join(first)))
    return Meaning.DOUBTFUL if refuses else Meaning.OTHER


def says_stop(text: str) -> bool:
    """Whether a text is one by which people refuse all others: such a word, or some of them and nothing else."""
    bare = _bare(text)
    if not _stops().isdisjoint((folded(text), folded(bare))):
        return True
    words = re.findall(r"[^\W_]+", bare)
    return bool(words) and all(folded(word) in _stops() for word in words)


def _bare(text: str) -> str:
    """A text without its polite words."""
    return _polite().sub(" ", unicodedata.normalize("NFKC", text))


@cache
def _stops() -> frozenset[str]:
    return frozenset(folded(word) for words in STOP_WORDS.values() for word in words.split(","))


@cache
def _starts() -> frozenset[str]:
    return frozenset(map(folded, START_WORDS.split(",")))


@cache
def _polite() -> re.Pattern[str]:
    words = "|".join(re.escape(word.strip()) for word in _POLITE.split(","))
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
