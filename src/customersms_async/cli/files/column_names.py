# ruff: noqa: RUF001 - names in many scripts
"""What columns of phone numbers are called, as the exports of contact managers, shops and CRMs write them.

Names are compared without case, accents, spaces and punctuation, and without a number at their end (``Phone 2``). The
word for a number alone is here in English only: with ``--region``, a customer's number could pass for a phone number.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

_BY_SOURCE: Final = {
    "anybody": """
        phone, phone number, phone no, phone nr, phone num, phone #, telephone, telephone number, telephone no, tel,
        tel no, tel nr, tel number, mobile, mobile number, mobile no, mobile nr, mobile num, mobile phone,
        mobile phone number, mobile telephone, mobile tel, cell, cell no, cell number, cell phone, cell phone number,
        cell #, cellular, cellular phone, cellular number, handphone, number, msisdn, to, contact number, contact no,
        contact phone, contact phone number, contact mobile, contact tel, sms, sms number, sms phone,
        sms phone number, text number, whatsapp, whatsapp number, whatsapp phone, whatsapp phone number, e164,
        phone e164, e164 phone, to number, to phone, recipient phone, recipient number, recipient phone number,
        recipient mobile, destination number, destination phone number, primary phone, primary phone number,
        primary mobile, main phone, default phone, direct phone, preferred phone, best phone, full phone,
        international phone, international phone number, phone with country code, phone number with country code,
        home phone, home phone number, work phone, work phone number, business phone, business phone number,
        office phone, other phone, other phone number, personal phone, personal mobile, work mobile, customer phone,
        customer phone number, customer mobile, client phone, client phone number, user phone, user phone number,
        member phone, guest phone, attendee phone, subscriber phone, patient phone, patient mobile, buyer phone,
        phone home, phone mobile, phone cell, phone work, phone business, phone other, phone main, phone primary,
        mobile home, mobile work, telephone mobile, telephone home, telephone work, iphone, phone iphone
    """,
    "Google Contacts": "phone 1 - value, phone 2 - value, phone 3 - value, phone 4 - value, phone 5 - value",
    "Outlook, Thunderbird": "home phone 2, business phone 2, car phone, radio phone, company main phone",
    "vCard converters": "tel cell, tel home, tel work, tel cell voice, tel type cell, tel type home, tel type work",
    "HubSpot": "calculated phone number, calculated mobile number",
    "Shopify, WooCommerce, Magento, Amazon": """
        billing phone, shipping phone, phone (billing), phone (shipping), default address phone, address phone,
        billing telephone, shipping telephone, address telephone, buyer phone number, ship phone number, ship to phone
    """,
    "Pipedrive, Constant Contact": """
        person - phone, person - phone - work, person - phone - mobile, person - phone - home, person - phone - other
    """,
    "RapidPro, NationBuilder, Action Network": "urn:tel, urn tel, work phone number, can2 phone",
    "German": """
        Telefon, Telefonnummer, Telefonnr, Telefon-Nr, Tel-Nr, Telefon mobil, Telefon privat, Telefon geschäftlich,
        Telefon dienstlich, Mobil, Mobilnummer, Mobilnr, Mobil-Nr, Mobiltelefon, Mobiltelefonnummer, Mobilfunk,
        Mobilfunknummer, Mobilrufnummer, Handy, Handynummer, Handynr, Handy-Nr, Rufnummer, Natel
    """,
    "French": """
        Téléphone, Téléphone portable, Téléphone mobile, Tél, Tél portable, Tél mobile, Portable, Mobile, N° portable,
        Numéro de téléphone, Numéro téléphone, N° de téléphone, N° téléphone, No de téléphone, N° tél, Numéro de
        portable, Numéro portable, Numéro de mobile, Numéro mobile, N° mobile, Cellulaire, Numéro de cellulaire, GSM,
        Numéro GSM, N° GSM, Téléphone domicile, Téléphone bureau, Téléphone professionnel, Téléphone personnel
    """,
    "Spanish": """
        Teléfono, Teléfono móvil, Teléfono celular, Móvil, Celular, Tel móvil, Tel celular, Número de teléfono, Número
        teléfono, Número de móvil, Número móvil, Número de celular, Número celular, Número telefónico, Nº de teléfono,
        Nº teléfono, Nº móvil, No de teléfono, Núm de teléfono, Núm teléfono, Teléfono particular, Teléfono fijo,
        Teléfono del trabajo, Teléfono de contacto, Telf, Teléf, Tlf, Tlfno, Tfno, Tlf móvil
    """,
    "Portuguese": """
        Telefone, Telefone celular, Telefone móvel, Telemóvel, Número de telefone, Número do telefone, Número de
        celular, Número do celular, Número de telemóvel, Nº de telefone, Nº telefone, Nº telemóvel, Fone, Telefone
        residencial, Telefone comercial, Telefone de contato, Telefone principal
    """,
    "Italian": """
        Telefono, Telefono cellulare, Telefono mobile, Cellulare, Numero di telefono, Numero telefono, Numero di
        cellulare, Numero cellulare, N telefono, N cellulare, Num telefono, Num cellulare, Tel cellulare, Tel mobile,
        Recapito telefonico, Telefono casa, Telefono ufficio
    """,
    "Dutch": """
        Telefoon, Telefoonnummer, Telefoonnr, Telefoon nr, Mobiel, Mobiel nummer, Mobiele nummer, Mobielnr, Mobiele
        telefoon, Mobiel telefoonnummer, Telefoon mobiel, Telefoon privé, Telefoon thuis, Telefoon werk, GSM-nummer,
        GSM nr, 06-nummer
    """,
    "Polish, Czech, Slovak": """
        Telefon komórkowy, Tel komórkowy, Tel kom, Komórka, Numer telefonu, Nr telefonu, Nr tel, Numer komórki, Nr
        komórki, Numer komórkowy, Numer telefonu komórkowego, Telefon kontaktowy, Telefonní číslo, Číslo telefonu,
        Mobilní telefon, Mobilní číslo, Telefónne číslo, Mobilné číslo, Mobilný telefón, Telefón, Tel číslo
    """,
    "Danish, Finnish, Norwegian, Swedish": """
        Tlf nr, Telefonnr, Mobil nr, Mobil tlf, Puhelin, Puhelinnumero, Puh, Matkapuhelin, Matkapuhelinnumero, Kännykkä
    """,
    "Greek, Hungarian, Romanian, Turkish": """
        Τηλέφωνο, Κινητό, Κινητό τηλέφωνο, Αριθμός τηλεφώνου, Telefonszám, Mobilszám, Telefon mobil, Număr de telefon,
        Număr telefon, Nr de telefon, Nr telefon, Telefon numarası, Telefon no, Cep, Cep telefonu, Cep tel, Cep no
    """,
    "Russian, Ukrainian": """
        Телефон, Мобильный, Мобильный телефон, Номер телефона, Сотовый, Сотовый телефон, Моб телефон, Рабочий телефон,
        Мобільний, Мобільний телефон, Номер телефону
    """,
    "Indonesian, Malay, Vietnamese": """
        Telepon, Nomor telepon, No telepon, No telp, No HP, Nomor HP, Nomor ponsel, Ponsel, No handphone, No telefon,
        Nombor telefon, Telefon bimbit, Điện thoại, Số điện thoại, SĐT, Di động
    """,
    "Arabic, Chinese, Hebrew, Japanese, Korean, Thai": """
        هاتف, الهاتف, رقم الهاتف, الجوال, رقم الجوال, موبايل, 手机, 手机号, 手机号码, 电话, 电话号码, 联系电话, 手機,
        手機號碼, 電話, 電話號碼, 行動電話, טלפון, נייד, מספר טלפון, 電話番号, 携帯, 携帯電話, 携帯番号, 携帯電話番号,
        휴대폰, 휴대폰 번호, 휴대전화, 전화번호, 핸드폰, เบอร์โทร, เบอร์โทรศัพท์, โทรศัพท์
    """,
}
"""The names, by who writes them; what two share stands once."""

_LAST_WORDS: Final = """
    phone, phones, telephone, tel, mobile, cell, cellphone, msisdn, telefon, mobil, handy, telefonnummer, handynummer,
    rufnummer, téléphone, tél, portable, teléfono, móvil, celular, telefone, telemóvel, telefono, cellulare, telefoon,
    telefoonnummer, mobiel, komórka, whatsapp, телефон
"""
"""Words that a column of phone numbers may end in, whatever comes before: reason to ask, and not to take it."""

_SENDERS: Final = """
    from, from number, from phone, from phone number, sender, sender number, sender phone, originator, origin number,
    origination number, source number, source addr, source address, caller, caller id, caller number, cli, von,
    absender, de, expéditeur, remitente, remetente, da, mittente, van, afzender, od, nadawca
"""
_RECEIVERS: Final = """
    to, to number, to phone, to phone number, recipient, recipient number, recipient phone, recipient phone number,
    receiver, receiver number, destination, destination number, destination phone number, destination addr,
    destination address, cld, dest, dest number, business number, inbound number, our number, short code, shortcode,
    long code, virtual number, twilio number, an, empfänger, destinataire, para, destinatario, aan, ontvanger, odbiorca
"""
_DIRECTIONS: Final = "direction, message direction, in out, type, message type, richtung, sens, dirección, direção"
_INCOMING: Final = "incoming, is incoming, inbound, is inbound, is received, came in"
_OUTGOING: Final = "outgoing, is outgoing, outbound, is outbound, is sent, sent by us"
_BODIES: Final = """
    body, message, message body, message text, text, content, sms, sms text, reply, reply text, answer, response,
    nachricht, inhalt, texte, contenu, mensaje, texto, mensagem, messaggio, testo, bericht, wiadomość
"""
_TIMES: Final = """
    date, time, datetime, date time, timestamp, time stamp, sent, sent at, sent date, date sent, sent time, received,
    received at, received date, date received, received time, created, created at, date created, created time,
    message date, message time, message timestamp, date utc, time utc, sent utc, received utc, datum, zeit, zeitpunkt,
    zeitstempel, fecha, fecha y hora, hora, heure, date et heure, data, data e hora, data ora, tijdstip
"""
_ERRORS: Final = "error code, error, error message, errors, failure reason, failure code, fehler, fehlercode"
_STATUSES: Final = """
    status, message status, delivery status, delivery state, send status, sms status, subscription status,
    sms subscription status, subscriber status, list status, marketing status, sms marketing status, opt in status,
    opt out status, optin status, optout status, consent status, sms consent status, sms consent state, statut, estado
"""
_CONSENTS: Final = """
    accepts sms marketing, accepts sms, accepts marketing, sms consent, text consent, consent, consent to text,
    sms marketing consent, marketing consent, sms marketing, opt in, opted in, is opted in, sms opt in, sms opted in,
    text opt in, marketing opt in, phone opt in, mobile opt in, whatsapp opt in, subscribed, is subscribed,
    sms subscribed, subscribed to sms, sms permission, permission, permission to text, allow sms, allows sms,
    sms allowed, can text, ok to text, receive sms, receives sms, wants sms, einwilligung, sms einwilligung,
    consentement, consentement sms, consentimiento, consentimento, consenso, toestemming
"""
_REFUSALS: Final = """
    unsubscribed, is unsubscribed, sms unsubscribed, unsubscribed from sms, do not contact, do not text, do not sms,
    do not call, dnc, dnt, on dnc, opted out, is opted out, opt out, has opted out, has opted out of sms,
    opted out of sms, sms opt out, sms opted out, sms opt-out, text opt out, marketing opt out, blocked, is blocked,
    blacklisted, blocklisted, suppressed, is suppressed, no sms, stopped, abgemeldet, désabonné, désinscrit, de baja
"""


def folded(name: str) -> str:
    """A column's name as names are compared: without case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ı", "i"))
    return "".join(filter(str.isalnum, plain))


def is_phone(name: str) -> bool:
    """Whether a column of this name has phone numbers, surely."""
    short = folded(name)
    return short in _phones() or short.rstrip("0123456789") in _phones()


def may_be_phone(name: str) -> bool:
    """Whether a column of this name has phone numbers, surely or perhaps, as ``Emergency contact phone`` has."""
    if is_phone(name):
        return True
    words = re.findall(r"\w+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).replace("_", " "))
    while words and words[-1].isdecimal():
        words.pop()
    if len(words) < 2:
        return False
    last, two = folded(words[-1]), folded("".join(words[-2:]))
    return last in _table(_LAST_WORDS) or (len(words) > 2 and two in _phones())


def is_sender(name: str) -> bool:
    """Whether a column says who sent a text, in a log of texts."""
    return folded(name) in _table(_SENDERS)


def is_receiver(name: str) -> bool:
    """Whether a column says whom a text went to, in a log of texts."""
    return folded(name) in _table(_RECEIVERS)


def is_direction(name: str) -> bool:
    """Whether a column may say if a text came in or went out, in a log of texts."""
    return folded(name) in _table(_DIRECTIONS)


def is_incoming(name: str) -> bool:
    """Whether a column says yes of a text that came in, in a log of texts."""
    return folded(name) in _table(_INCOMING)


def is_outgoing(name: str) -> bool:
    """Whether a column says yes of a text that went out, in a log of texts."""
    return folded(name) in _table(_OUTGOING)


def is_body(name: str) -> bool:
    """Whether a column has the words of a text."""
    return folded(name) in _table(_BODIES)


def is_time(name: str) -> bool:
    """Whether a column says when a text came or went, in a log of texts."""
    return folded(name) in _table(_TIMES)


def is_error(name: str) -> bool:
    """Whether a column says why a text was not delivered."""
    return folded(name) in _table(_ERRORS)


def is_status(name: str) -> bool:
    """Whether a column says what became of a text, or if a person wants any."""
    return folded(name) in _table(_STATUSES)


def is_consent(name: str) -> bool:
    """Whether a column says yes of a person who wants texts."""
    return folded(name) in _table(_CONSENTS)


def is_refusal(name: str) -> bool:
    """Whether a column says yes of a person who wants no texts."""
    return folded(name) in _table(_REFUSALS)


@cache
def _table(names: str) -> frozenset[str]:
    return frozenset(map(folded, names.split(",")))


@cache
def _phones() -> frozenset[str]:
    return frozenset().union(*map(_table, _BY_SOURCE.values()))
