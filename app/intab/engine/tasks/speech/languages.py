"""The languages that Whisper knows: codes and names, and what else some are called.

>>> code_of("Castilian")
'es'
"""

from __future__ import annotations

_LISTED = """
    en=english zh=chinese de=german es=spanish ru=russian ko=korean fr=french ja=japanese
    pt=portuguese tr=turkish pl=polish ca=catalan nl=dutch ar=arabic sv=swedish it=italian
    id=indonesian hi=hindi fi=finnish vi=vietnamese he=hebrew uk=ukrainian el=greek
    ms=malay cs=czech ro=romanian da=danish hu=hungarian ta=tamil no=norwegian th=thai
    ur=urdu hr=croatian bg=bulgarian lt=lithuanian la=latin mi=maori ml=malayalam cy=welsh
    sk=slovak te=telugu fa=persian lv=latvian bn=bengali sr=serbian az=azerbaijani
    sl=slovenian kn=kannada et=estonian mk=macedonian br=breton eu=basque is=icelandic
    hy=armenian ne=nepali mn=mongolian bs=bosnian kk=kazakh sq=albanian sw=swahili
    gl=galician mr=marathi pa=punjabi si=sinhala km=khmer sn=shona yo=yoruba so=somali
    af=afrikaans oc=occitan ka=georgian be=belarusian tg=tajik sd=sindhi gu=gujarati
    am=amharic yi=yiddish lo=lao uz=uzbek fo=faroese ht=haitian_creole ps=pashto tk=turkmen
    nn=nynorsk mt=maltese sa=sanskrit lb=luxembourgish my=myanmar bo=tibetan tl=tagalog
    mg=malagasy as=assamese tt=tatar haw=hawaiian ln=lingala ha=hausa ba=bashkir jw=javanese
    su=sundanese yue=cantonese
"""
LANGUAGES = {
    code: name.replace("_", " ") for code, name in (each.split("=") for each in _LISTED.split())
}
_ALSO = {
    "burmese": "my",
    "castilian": "es",
    "flemish": "nl",
    "haitian": "ht",
    "letzeburgesch": "lb",
    "mandarin": "zh",
    "moldavian": "ro",
    "moldovan": "ro",
    "panjabi": "pa",
    "pushto": "ps",
    "sinhalese": "si",
    "valencian": "ca",
}
_CODES = {**{name: code for code, name in LANGUAGES.items()}, **_ALSO}
# Languages that are written without spaces.
WITHOUT_SPACES = ("chinese", "japanese", "thai", "lao", "myanmar", "cantonese")


def code_of(language: str) -> str | None:
    """The code of a language by its name or code; None if there is no such language."""
    language = language.lower()
    return _CODES.get(language, language if language in LANGUAGES else None)
