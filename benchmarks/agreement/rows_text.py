"""Rows without choices, written for this comparison: last words, pages, questions, bare requests.

Pages are in words apart, as WikiText has them, with everything that the harness's de-tokeniser
knows a rule for. In ``REQUESTS`` contexts are empty, end in white space or are longer than the
model's context, and continuations are non-ASCII or as long as fits.
"""

from benchmarks.agreement.rows_choices import LONG, Rows

LAMBADA: Rows = [
    {"text": text}
    for text in (
        "He looked for the key in every drawer, and at last his sister gave him the key",
        "She had baked all day. \"Who wants cake?\" she asked. Everybody wanted cake",
        "The lamp went out. In the dark he felt for a match, and then he lit the lamp",
        "\"Is that a wolf?\" \"No,\" said the hunter, \"but keep away, it is as wild as a wolf",
        "They rowed to the island at dawn and slept in the sun on the island",
        "Der Zug hielt im Schnee. Niemand stieg aus, denn draußen lag nur Schnee",
        "Elle ferma la fenêtre, puis rouvrit la fenêtre",
        "My brother keeps bees. He says that nobody who is afraid should keep bees",
        "A letter came for Zoë on Friday. On Sunday there was another letter for Zoë",
        "Мама мыла раму, а потом снова мыла раму",
        "The clock struck four. He did not believe it; he never believed that clock",
        "\"Salt,\" she said.\n\nHe handed her the sugar.\n\n\"No,\" she said, \"I asked for salt",
        "Rain fell on the tents, on the horses, on the fires. All night they heard the rain",
        f"{LONG} The boy, who had heard it before, asked for the name of that tune",
        f"{LONG} {LONG} And the dog still barked at the cranes",
        "It was only a door, but  nobody had ever opened that  door",
        "The tea was cold. She poured it out and made new tea",
        "“Vous êtes médecin?” “Non,” dit-il, “mon père était médecin",
        "They had one map between them, and the wind took the map",
        "He paid with a coin that was older than the king on the coin",
        "Take the left road, not the right road",
    )
]  # fmt: skip

WIKITEXT2: Rows = [
    {"text": text}
    for text in (
        " = Mill Bridge = \n \n The Mill Bridge is a stone bridge of 1 @,@ 204 metres . \n",
        " = = History = = \n \n It was built in 1851 , and re @-@ built in 1907 ; see below . \n",
        " = Anna Berg = \n \n Anna Berg ( born 3 May 1901 ) was a painter . \" Light \" , she said , \" is a wall . \" \n",
        " = = = Style = = = \n \n Her sisters ' houses , the dogs ' beds and the ' 70s songs \n",
        " = = = = Notes = = = = \n \n Temperatures of 21 @.@ 5 ° C were measured : once ! twice ? \n",
        " A list [ see map ] of { five } towns ( in order ) : Oslo , Łódź , Győr , København , Αθήνα . \n",
        " The ship 's crew did n't sail ; it was the captain 's choice . ' Never , ' he wrote . \n",
        " = <unk> = \n \n The <unk> of <unk> is a <unk> . \n \n It has N rows , about N of them full . \n",
        "x",
        " = 東京 = \n \n 東京 ( Tokyo ) は 日本 の 首都 。 \n",
        f" = Harbour = \n \n {LONG} \n",
        f" = Two days = \n \n {LONG} \n \n = = The second = = \n \n {LONG} {LONG} \n",
        "No heading at all , just a line that ends",
        "   three spaces in front and three behind   ",
        " He was 1 @.@ 85 m tall , weighed 80 kg , and ran 100 m in 11 @.@ 2 s . \n",
        " \" It 's a \" quoted \" word \" , they said . \n",
        " = Emoji 🎈 = \n \n The balloon ( 🎈 ) was added in 2010 . \n",
        " On 4 / ' 9 / the paper wrote : ' 8 / ' . \n",
        " ( an empty pair ) , ( ) , [ ] and { } . \n",
    )
]  # fmt: skip
NQ_OPEN: Rows = [
    {"question": question, "answer": answers.split("|")}
    for question, answers in (
        ("who wrote the slow tune of the harbour", "nobody|an old sailor"),
        ("when did the first mast come round the point", "on Monday|Monday"),
        ("what is the capital of österreich", "Vienna|Wien"),
        ("how many squares has a chess board", "64|sixty-four"),
        ("what colour is the sky at noon", "blue"),
        ("who caught the rope", "the harbour master|harbour master"),
        ("where do owls live", "in trees|The woods"),
        ("what is the opposite of day", "night|the night"),
        ("wie heißt der fluss in köln", "Rhein|der Rhein"),
        ("who is the author of this question", "us"),
        ("what do bees make", "honey|Honey, wax"),
        ("which metal is liquid", "mercury"),
        ("when was the bridge built", "1851|in 1851"),
        ("東京はどこですか", "日本"),
        ("how high is the tower", "12 m|12 metres"),
        (f"{LONG.lower()} who played", "somebody"),
        ("what does a thermometer measure", "temperature"),
        ("who sent the baker's boy for flour", "the baker"),
        ("what is ice made of", "water"),
        ("which bird cannot fly", "the penguin|penguin|ostrich"),
    )
]

REQUESTS: Rows = [
    {"context": context, "continuation": continuation}
    for context, continuation in (
        ("", "The ferry was late."),
        ("", " The ferry was late."),
        ("", "ß"),
        ("", "日本語の文"),
        ("", " \n"),
        ("The ferry", " was late."),
        ("The ferry ", "was late."),
        ("The ferry\n\n", "was late."),
        ("The ferry  ", " was late."),
        (" ", "late"),
        ("\n", "\nlate"),
        ("Straße", "nbahn"),
        ("na", "ïve"),
        ("e", "\u0301"),
        ("👩", "\u200d🚀"),
        ("A", "B"),
        ("The ferry was", " late"),
        ("The ferry", " was late"),
        (LONG, " The end."),
        (f"{LONG} {LONG}", " It was grey and flat and smelled of tar."),
        ("Short.", f" {LONG[:120]}"),
        (LONG, f" {LONG[:120]}"),
        ("a", " <|endoftext|>"),
    )
]
"""(what is conditioned on, what is scored)."""
