"""Languages as manifests write them (BCP 47), from what containers say (mostly ISO 639-2)."""

import re
from collections.abc import Sequence

from vidstead.packaging.model import AudioTrack

# ISO 639-2 and its shorter twin of ISO 639-1, which BCP 47 (RFC 5646, 2.2.1) wants where there is one. Codes with a
# bibliographic and a terminological form are here twice.
_PAIRS = """
    aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as ava:av ave:ae aym:ay aze:az bak:ba bam:bm
    baq:eu bel:be ben:bn bih:bh bis:bi bod:bo bos:bs bre:br bul:bg bur:my cat:ca ces:cs cha:ch che:ce chi:zh chu:cu
    chv:cv cor:kw cos:co cre:cr cym:cy cze:cs dan:da deu:de div:dv dut:nl dzo:dz ell:el eng:en epo:eo est:et eus:eu
    ewe:ee fao:fo fas:fa fij:fj fin:fi fra:fr fre:fr fry:fy ful:ff geo:ka ger:de gla:gd gle:ga glg:gl glv:gv gre:el
    grn:gn guj:gu hat:ht hau:ha heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ice:is ido:io iii:ii iku:iu
    ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr kaz:kk khm:km kik:ki
    kin:rw kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg
    mac:mk mah:mh mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my nau:na nav:nv nbl:nr
    nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no nya:ny oci:oc oji:oj ori:or orm:om oss:os pan:pa per:fa pli:pi
    pol:pl por:pt pus:ps que:qu roh:rm ron:ro rum:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slo:sk slv:sl sme:se
    smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv tah:ty tam:ta tat:tt
    tel:te tgk:tg tgl:tl tha:th tib:bo tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz
    ven:ve vie:vi vol:vo wel:cy wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu
"""
_SHORTER: dict[str, str] = dict(re.findall(r"(\w+):(\w+)", _PAIRS))
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,6}")
_UNKNOWN = frozenset({"und", "mis", "zxx", "mul"})


def language_tag(language: str | None) -> str | None:
    """A language as a BCP 47 tag, ``eng`` as ``en``; nothing for what is unknown or no language at all."""
    if language is None or not _TAG.fullmatch(language):
        return None
    primary, dash, rest = language.partition("-")
    primary = primary.lower()
    if primary in _UNKNOWN:
        return None
    return _SHORTER.get(primary, primary) + dash + rest


def unique_names(audio: Sequence[AudioTrack]) -> list[str]:
    """A name for each sound, numbered where two share one: players tell the members of a group apart by it.

    Names are as they will be written: those that differ only in what may not be written are alike.
    """
    names: list[str] = []
    for track in audio:
        written = plain(track.name)
        name, number = written, 2
        while name in names:
            name, number = f"{written} {number}", number + 1
        names.append(name)
    return names


def plain(text: str) -> str:
    """A text that may stand in a quoted-string (RFC 8216bis, 4.2), which has no escapes: the rest is replaced."""
    return "".join(letter if letter.isprintable() else " " for letter in text.replace('"', "'"))
