"""Marks that quote, characters that nobody sees, and letters written another way."""

QUOTES = [
    ("He said 'stop' and left.", "He said stop and left."),
    ("He said ‘stop’ and left.", "He said stop and left."),
    ("He said ‚stop‘ and left.", "He said stop and left."),
    ("He said ❛stop❜ and left.", "He said stop and left."),
    ("'Stop!' he said.", "Stop! he said."),
    ("The 'dogs' bark.", "The dogs bark."),
    ("The dogs' bowls.", "The dogs' bowls."),
    ("'The dogs' bowls'", "The dogs' bowls"),
    ("The boys' 'secret' club.", "The boys' secret club."),
    ("'Yesterday' by the boys' club.", "Yesterday by the boys' club."),
    ("'Don't' is a word.", "Don't is a word."),
    ("He said 'go", "He said go"),
    ("He said go'", "He said go"),
    ("Gone fishin' again.", "Gone fishin' again."),
    ("'Tis the dogs' season.", "Tis the dogs' season."),
    ("Call 'em at the '90s' end.", "Call em at the nineties' end."),
    ("a 'b 'c' d' e", "a b c d e"),
]
UNSEEN = [
    ("Turn on the li\u00adghts.", "Turn on the lights."),
    ("Turn\u200b on the\u2060 lights\ufeff.", "Turn on the lights."),
    ("\u202aTurn on\u202c the\u200e lights.", "Turn on the lights."),
    ("Turn\u00a0on\u202fthe\u3000lights.", "Turn on the lights."),
    ("Turn\u2028on\u0085the\u2029lights.", "Turn on the lights."),
    ("Turn\u3164on\u2800the\u115flights.", "Turn on the lights."),
    ("T\u034furn on the l\ufe0fights.", "Turn on the lights."),
]
WRITTEN_ANOTHER_WAY = [
    ("The cafe\u0301 is naïve.", "The cafe is naive."),
    ("Ｔｕｒｎ ｏｎ the ﬂood lights.", "Turn on the flood lights."),
    ("𝐓𝐮𝐫𝐧 𝑜𝑛 the ⓛⓘⓖⓗⓣⓢ.", "Turn on the lights."),
    ("T\u0336u\u0336r\u0336n it on.", "Turn it on."),
    ("Don\u02bct, don\u00b4t, don\uff07t.", "Don't, don't, don't."),
    ("What‽", "What?!"),
    ("〝Turn〞 it ❝on❞.", '"Turn" it "on".'),
    ("A two\u2011word name.", "A two-word name."),
]
PAIRS = {"quotes": QUOTES, "unseen": UNSEEN, "another way": WRITTEN_ANOTHER_WAY}
