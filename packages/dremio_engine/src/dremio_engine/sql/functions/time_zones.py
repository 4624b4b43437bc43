"""Time zones by name, by abbreviation and by offset. Source: docs.dremio.com, CONVERT_TIMEZONE."""

import re

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.functions.signature import Arguments, build, expect, literal

# What sys.timezone_abbrevs lists. An abbreviation is an offset, the same in summer and in winter; where the
# word is used for several zones it is the one that Dremio means.
_ABBREVIATIONS = {
    "-11:00": "NUT",
    "-10:00": "CKT HST TAHT",
    "-09:30": "MART",
    "-09:00": "AKST GAMT",
    "-08:00": "AKDT PST",
    "-07:00": "MST PDT",
    "-06:00": "CST EASST EAST GALT MDT",
    "-05:00": "ACT CDT COT EST PET",
    "-04:00": "AMT AST BOT CLT EDT GYT PYT VET",
    "-03:30": "NFT NST",
    "-03:00": "ADT ARST ART BRA BRT CLST FKST FKT GFT PMST PYST UYT WGT",
    "-02:30": "NDT",
    "-02:00": "BRST FNT PMDT UYST WGST",
    "-01:00": "AZOT EGT FNST",
    "+00:00": "AZOST EGST GMT UCT UT UTC WET Z ZULU",
    "+01:00": "BST CET MET MEZ WAT WETDST",
    "+02:00": "BDST CEST CETDST EET IST MEST METDST SAST",
    "+03:00": "EAT EEST EETDST FET IDT MSK VOLT",
    "+03:30": "IRT",
    "+04:00": "AMST AZST AZT GEST GET MSD MUT RET SCT",
    "+04:30": "AFT",
    "+05:00": "MAWT MUST MVT PKT TFT TJT TMT UZT YEKT",
    "+05:30": "LKT",
    "+05:45": "NPT",
    "+06:00": "ALMT BDT BTT IOT KGST KGT OMSST OMST PKST UZST XJT YEKST",
    "+06:30": "MMT",
    "+07:00": "ALMST CXT DAVT ICT KRAST KRAT NOVST NOVT WAST",
    "+08:00": "AWST BNT BORT CCT HKT IRKST IRKT MYT PHT SGT ULAT WADT",
    "+08:45": "ACWST",
    "+09:00": "AWSST JAYT JST KST PWT ULAST WDT YAKST YAKT",
    "+09:30": "ACST CAST",
    "+10:00": "AEST CHUT DDUT KDT LIGT MPT PGT TRUT VLAST VLAT YAPT",
    "+10:30": "ACDT ACSST CADT LHDT LHST SADT",
    "+11:00": "AEDT AESST KOST MAGST MAGT PONT VUT",
    "+12:00": "ANAST ANAT FJT GILT MHT NZST NZT PETST PETT TVT WAKT WFT",
    "+12:45": "CHAST",
    "+13:00": "FJST NZDT PHOT TKT TOT",
    "+13:45": "CHADT",
    "+14:00": "LINT",
}
_OFFSETS = {name: offset for offset, names in _ABBREVIATIONS.items() for name in names.split()}
MACROS = (
    # The abbreviation at the end of a text as an offset; a text without one stays, and cannot be read then.
    "create or replace macro dremio_with_offset(s) as coalesce(regexp_replace(s, '[A-Za-z]+$', '')"
    f" || map {{{', '.join(f'{name!r}: {offset!r}' for name, offset in _OFFSETS.items())}}}"
    "[upper(regexp_extract(s, '[A-Za-z]+$'))], s)",
)
# As java.time.ZoneId reads them.
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_MOST_SECONDS = 18 * 3600


def convert_timezone(a: Arguments) -> exp.Expr:
    """CONVERT_TIMEZONE([from,] to, moment) as a TIMESTAMP."""
    expect("CONVERT_TIMEZONE", a, 2, 3)
    *zones, moment = a
    moment = build("CAST({0} AS TIMESTAMP)", [moment])
    if len(zones) == 2:
        moment = _shifted(moment, zones[0], "-")
    return _shifted(moment, zones[-1], "+")


def _shifted(moment: exp.Expr, zone: exp.Expr, sign: str) -> exp.Expr:
    """UTC to the time of a zone, or back when the sign is a minus."""
    name = literal("CONVERT_TIMEZONE", zone)
    seconds = _offset_seconds(_OFFSETS.get(name.upper(), name))
    if seconds is not None:
        return build(f"({{0}} {sign} INTERVAL '{seconds}' SECOND)", [moment])
    inside, outside = (exp.Literal.string(each) for each in ("UTC", name)[:: 1 if sign == "+" else -1])
    return build("timezone({0}, timezone({1}, {2}))", [outside, inside, moment])


def _offset_seconds(text: str) -> int | None:
    """How far a zone is ahead of UTC, if it is written as an offset. Raises InvalidStatement."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > _MOST_SECONDS:
        raise InvalidStatement(f"VALIDATION ERROR: [{text}] is not an offset of a time zone.")
    return -total if found[1] == "-" else total
