"""Rows with choices, written for this comparison, with the columns of the published data sets.

Among them: letters of many alphabets, text that is left from mark-up, quotes and double spaces,
choices that begin alike, and inputs that are longer than the model's context (``LONG``).
"""

from typing import Any

Rows = list[dict[str, Any]]

LONG = (
    "On Monday the ferry was late, and the harbour master walked along the quay with his lamp. "
    "He counted the barrels, wrote the number on a slate and counted them again. Behind the sheds "
    "a dog barked at the cranes. The baker's boy had been sent for flour and stayed to look at the "
    "water, which was grey and flat and smelled of tar. Towards noon the wind turned, a bell rang "
    "twice, and the first mast came round the point. Nobody cheered; they had been waiting since "
    "Saturday. The captain threw a rope, the harbour master caught it, and the boy ran to tell the "
    "baker that there would be bread after all. In the evening they sat by the stove, the window "
    "was open, and somebody played a slow tune on an old accordion."
)
"""Longer than the context of the model that is compared with."""


def _hellaswag() -> Rows:
    told = [
        ("Baking", "A woman sifts flour into a bowl.", "she", "adds two eggs and stirs.|eats the bowl.|paints the kitchen wall.|calls a taxi.", 0),
        ("Sailing", "Two men pull a rope on deck.", "the sail", "falls asleep.|fills with wind.|rings a bell.|is fried in butter.", 1),
        ("Ironing", "A shirt lies on the board.", "a man", "reads it aloud.|waters it.|presses the collar first.|sets it on a shelf and barks.", 2),
        ("Kaffee kochen", "Eine Frau mahlt Bohnen.", "sie", "gießt heißes Wasser auf.|läuft über die Brücke.|schläft.|öffnet den Müll.", 0),
        ("Fencing", "Two people in white bow.", "they", "take off their shoes.|sing.|sit down to lunch.|lift their blades.", 3),
        ("Cleaning windows", "How to clean a window [title] Fill a bucket. [step] Use warm water.", "then", "wipe from the top [substeps] down to the sill.|break the glass.|invite a friend.|sell the bucket.", 0),
        ("お茶", "女性がお湯を沸かす。", "彼女は", "茶碗にお茶を注ぐ。|車を洗う。|空を飛ぶ。|本を焼く。", 0),
        ("Gardening", LONG + " A man kneels in the soil.", "he", "plants a row of beans.|starts the ferry.|rings twice.|drinks the paint.", 0),
        ("Skating", "A girl ties her boots.", "she", "melts the ice.|cooks rice.|glides over the pond.|reads the law.", 2),
        ("Чтение", "Мальчик открывает книгу.", "он", "читает вслух.|ест снег.|красит забор.|летит домой.", 0),
        ("Drumming", "Four drums stand in a row.", "a boy", "hits the left one,  then the right one.|hits the left one,  then the night.|hits the lake.|hits.", 0),
        ("Juggling", "A clown holds three balls.", "", "He throws one up.|He buys a house.|He eats a tent.|He is a tent.", 0),
        ("Packing", "How to pack a bag [title] Roll the shirts. [step]", "", "Put shoes below.|Put shoes on the moon.|Boil the bag.|Put.", 0),
        ("Cutting hair", "The barber puts a cape on a boy.", "the scissors", "are eaten.|snip above the ear.|swim.|are elected.", 1),
        ("Climbing", "She chalks her hands.", "her rope", "hangs below her.|is a letter.|votes.|is made of soup.", 0),
        ("Repairing a bike", "How to mend a tyre [title] Take off the wheel. [step] Find the hole.", "a patch", "[title] is glued over it.|writes a poem.|grows leaves.|is 3 °C colder.", 0),
        ("Αγορά", "Ένας άντρας αγοράζει ψωμί.", "μετά", "πηγαίνει σπίτι.|τρώει το φεγγάρι.|κλείνει τη θάλασσα.|γελάει το τραπέζι.", 0),
        ("Shovelling snow", "It has snowed all night.", "a neighbour", "clears the path.|mows the lawn.|picks cherries.|opens a pool.", 0),
        ("Playing chess", "The board is set.", "white", "is a colour of milk.|moves a pawn.|shouts.|sleeps under the board.", 1),
        ("Singing", "A choir stands on steps.", "the conductor", "raises both hands.|raises taxes.|raises sheep.|raises bread.", 0),
        ("Painting", "A fence has no colour left.", "“we", "start at the gate,” she says.|start a war,” she says.|are fish,” she says.|never,” she says.", 0),
        ("Water polo", "The ball is thrown in 🤽.", "a player", "lifts it over the goalkeeper 🥅.|dries it.|sends it by post 📮.|deflates.", 0),
    ]  # fmt: skip
    return [
        {
            "ind": number,
            "activity_label": label,
            "ctx_a": a,
            "ctx_b": b,
            "ctx": f"{a} {b}",
            "endings": endings.split("|"),
            "label": str(gold),
        }
        for number, (label, a, b, endings, gold) in enumerate(told)
    ]


def _winograd() -> Rows:
    """The pronoun stands between stars; twins differ in a word."""
    told = [
        ("The pot would not fit the shelf because *it* was too tall.", "The pot|The shelf", 0),
        ("The pot would not fit the shelf because *it* was too low.", "The pot|The shelf", 1),
        ("Olga thanked Irène because *she* had been helped.", "Olga|Irène", 0),
        ("Olga thanked Irène because *she* had helped.", "Olga|Irène", 1),
        ("The farmer sold the mill to the miller, for *he* needed money.", "The farmer|The miller", 0),
        ("The farmer sold the mill to the miller, for *he* needed flour.", "The farmer|The miller", 1),
        ("Jörg lent Żaneta *his* pen.", "Jörg|Żaneta", 0),
        ("Ana hid the letter from Eva. *Her* curiosity was too great.", "Ana|Eva", 1),
        ("Ana hid the letter from Eva. *Her* shame was too great.", "Ana|Eva", 0),
        ("My uncle called my brother while *he* was at sea, which cost a lot.", "My uncle|My brother", 1),
        ("The dogs chased the cats until *they* were up the tree.", "The dogs|The cats", 1),
        ("The dogs chased the cats until *they* were called back.", "The dogs|The cats", 0),
        ("A clerk told the judge that *his* bag was open.", "A clerk|The judge", 1),
        ("The lamp fell on the  table and *it* broke its bulb.", "The lamp|The table", 0),
        ("They moved the piano past the wardrobe; *it* has wheels.", "The piano|The wardrobe", 0),
        ("Mr. Łęcki asked Mr. Ōta whether *he* knew the answer.", "Mr. Łęcki|Mr. Ōta", 1),
        (LONG + " The boat passed the bridge because *it* was high.", "The boat|The bridge", 1),
        (LONG + " The boat passed the bridge because *it* was low.", "The boat|The bridge", 0),
        ("People feed the swans although *they* bite.", "People|The swans", 1),
        ("The students asked the guards when *their* shift would end.", "The students|The guards", 1),
    ]  # fmt: skip
    rows: Rows = []
    for text, options, label in told:
        before, pronoun, after = text.split("*")
        rows.append(
            {
                "text": before + pronoun + after,
                "pronoun": pronoun,
                "pronoun_loc": len(before),
                "quote": pronoun + after,
                "quote_loc": len(before),
                "options": options.split("|"),
                "label": label,
                "source": "",
            }
        )
    return rows


def _arc(name: str, told: list[tuple[str, str, str]]) -> Rows:
    """Questions with choices A, B, C …, or 1, 2, 3 … as some rows have."""
    rows: Rows = []
    for number, (question, choices, key) in enumerate(told):
        texts = choices.split("|")
        labels = "123456"[: len(texts)] if key.isdigit() else "ABCDEF"[: len(texts)]
        rows.append(
            {
                "id": f"{name}-{number}",
                "question": question,
                "choices": {"text": texts, "label": list(labels)},
                "answerKey": key,
            }
        )
    return rows


_EASY = [
    ("What do plants take in from the air?", "carbon dioxide|gold|sand|milk", "A"),
    ("At which temperature does water freeze at sea level?", "100 °C|0 °C|37 °C|−40 °C", "B"),
    ("Which of these is a liquid at room temperature?", "iron|oxygen|mercury|salt", "C"),
    ("What is the chemical sign of water?", "CO₂|O₂|NaCl|H₂O", "D"),
    ("Which animal lays eggs?", "a hen|a cow|a bat|a whale", "1"),
    ("Which force pulls an apple to the ground?", "friction|gravity|wind|heat", "2"),
    ("What does a thermometer measure?", "mass|time|temperature", "C"),
    ("Which sense organ hears?", "the eye|the ear|the nose|the skin|the tongue", "B"),
    ("Was misst man in Kilogramm?", "Länge|Masse|Zeit|Stärke", "B"),
    ("Which planet is nearest to the Sun?", "Mercury|Mars|Saturn|Neptune", "A"),
    ("Which letter is the sign of resistance?", "Ω|α|π|λ", "A"),
    ("Light passes best through", "wood|clear glass|a stone|a coat", "B"),
    ("  A child rubs two stones together.  They get warm because of", "friction|magnets", "A"),
    (LONG + " What kept the ferry from sailing?", "the wind|the flour|the dog|the bell", "A"),
    ("Which of these is a mammal?", "shark|frog|dolphin|eagle", "C"),
    ("What is ice?", "solid water|solid air|solid salt|solid iron", "A"),
    ("Which one is a conductor?", "copper|copper oxide glass|rubber|wood", "A"),
    ("植物は何を必要としますか。", "光|石|鉄|塩", "A"),
    ("How many legs has an insect?", "4|6|8|10", "B"),
    ("A shadow is longest in the", "evening|noon|forest|sea", "A"),
]
_CHALLENGE = [
    ("A pan's handle is made of wood because wood", "conducts heat badly|is heavy|melts late", "A"),
    ("Two equal magnets are turned round. What happens?", "They attract as before|They vanish", "A"),
    ("A lake loses its fish after fields were fertilised; why?", "algae used the oxygen|fish ate fertiliser|light grew stronger|rain stopped", "A"),
    ("Which change is chemical?", "ice melts|paper burns|glass breaks|sugar dissolves", "B"),
    ("Why does the Moon show phases?", "Earth's shadow|its spin|the angle of sunlight that we see|clouds", "C"),
    ("A cart of 2 kg is pushed with 6 N. Its acceleration is", "3 m/s²|12 m/s²|8 m/s²|⅓ m/s²", "A"),
    ("Der pH-Wert von Zitronensaft ist", "größer als 7|genau 7|kleiner als 7|nicht messbar", "C"),
    ("Which trait is learned?", "eye colour|riding a bicycle|blood group|height of a calf", "B"),
    ("A wave has 5 Hz and λ = 2 m. Its speed is", "10 m/s|2.5 m/s|7 m/s|0.4 m/s", "A"),
    ("Which gas do muscles give off?", "carbon dioxide|carbon|oxide|carbon dioxide and gold", "1"),
    (LONG + " Which part of the story could be measured in knots?", "the wind's speed|the flour|the tune|the slate", "A"),
    ("Soil on a slope stays because of", "roots|rain|moles|frost|ploughs", "A"),
    ("A mirror sends light back at", "the same angle|half the angle|any angle|no angle", "A"),
    ("Какой газ нужен для горения?", "азот|кислород|гелий|неон", "B"),
    ("What makes a day?", "the Earth's spin|the Earth's path|the Moon|the tides", "A"),
    ("Which of the following best says what an ecosystem is?", "all living things of a place and what surrounds them|all living things of a place|one animal|a map", "A"),
    ("Copper turns green (“patina”) since it", "reacts with the air|cools|grows|rusts like iron", "A"),
    ("Seeds with hooks travel", "in fur|in wind|in rivers|in light", "3"),
    ("Which unit is one of energy?", "joule|newton|watt|tesla", "A"),
    ("A bulb glows because its wire", "is hot|is long|is blue|is old", "A"),
]  # fmt: skip


def _boolq() -> Rows:
    told = [
        ("is tea made from leaves", "Tea is a drink made by pouring hot water over leaves.", True),
        ("can a lighthouse move", "A lighthouse is a tower built on rock to guide ships.", False),
        ("is ελληνικά the greek word for greek", "Greek (ελληνικά) is spoken by 13 million.", True),
        ("is the river Łyna longer than 300 km", "The Łyna is 264 km long — 207 in Poland.", False),
        ("did the ferry come on monday", LONG, True),
        ("did the baker go to the harbour", LONG, False),
        (
            "do owls turn their heads",
            "Owls cannot move their eyes, so they turn their heads.",
            True,
        ),
        ("is a tomato a fruit", "Botanists call a tomato a fruit; cooks do not.", True),
        ("does cork sink", "Cork is light and floats on water.", False),
        ("gibt es in Köln einen Dom", "Der Kölner Dom steht seit 1880 fertig da.", True),
        ("is zero an odd number", "Zero is even: it is twice zero.", False),
        ("are bats birds", "Bats are mammals that fly.  They feed their young with milk.", False),
        ("is 東京 the capital of japan", "Tokyo (東京) became the capital in 1868.", True),
        ("can glass be recycled", "``Glass'' can be melted again and again.", True),
        ("is snow always white", "In some places algae colour the snow red.", False),
        ("has chess 64 squares", "A chess board has eight rows of eight squares.", True),
        ("do fish sleep", "Most fish rest at night, though they have no eyelids.", True),
        ("is gold lighter than water", "A litre of gold weighs 19 kg.", False),
        ("was paper known in china first", "Paper was made in China about 2,000 years ago.", True),
        ("can penguins fly", "Penguins swim; their wings are flippers.", False),
    ]
    return [{"question": q, "passage": p, "answer": a} for q, p, a in told]


def _piqa() -> Rows:
    told = [
        ("keep bread fresh", "Put it in a box.", "Put it in a bath.", 0),
        ("To peel garlic quickly,", "freeze your hands.", "press the clove with a knife.", 1),
        ("open a jar", "Warm the lid under hot water.", "Warm the lid under hot sand", 0),
        ("remove a splinter", "Use tweezers.", "Use a spoon of jam.", 0),
        ("sharpen a pencil", "Turn it in a sharpener.", "Turn it in a lamp.", 0),
        ("Wie kühlt man Getränke?", "im Fluss", "im heißen Ofen", 0),
        ("cook rice", "Two cups of water for a cup of rice.", "Two cups of rice.", 0),
        ("make a “crème brûlée”", "Brûlez le sucre à la flamme.", "Brûlez la crème à l'eau.", 0),
        ("find a stud in a wall", "Shout at it.", "Use a magnet.", 1),
        ("dry wet shoes", "Fill them with paper.", "Fill them with soup.", 0),
        (LONG + " tie a boat", "Loop the rope on the cleat.", "Loop the cleat on the sea.", 0),
        ("clean a pan", "with water", "with water and some soap and a brush until it shines", 1),
        ("measure 1 l", "Use a jug.", "Use a jug;  fill it twice with ½ l.", 1),
        ("気温を測る", "温度計を使う", "時計を使う", 0),
        ("hang a picture", "Nail first, then wire.", "Wire the wall to the nail's aunt.", 0),
        ("carry eggs", "in a net of fire", "in a carton", 1),
        ("light a candle", "Strike a match.", "Strike a bargain.", 0),
        ("wake up early", "Set an alarm ⏰", "Set an alarm clock on fire 🔥", 0),
        ("fold a letter", "in three", "in the river", 0),
    ]
    return [{"goal": g, "sol1": a, "sol2": b, "label": gold} for g, a, b, gold in told]


def _sst2() -> Rows:
    good = [
        "a warm , funny and moving film ",
        "it 's a delight from the first minute ",
        "the best thing i have seen in years ",
        "charming — très charmant ",
        "ein großes vergnügen ",
        "bold , bright , beautiful ",
        "smart and tender ",
        "you will want to see it twice ",
        "an honest little gem 💎 ",
        "素晴らしい ",
    ]
    bad = [
        "dull , long and loud ",
        "a waste of two hours ",
        "the jokes are older than the actors ",
        "it never finds a reason to exist ",
        "schrecklich öde ",
        "there is no story , no wit and no end ",
        "lifeless ",
        "i have seen better plots on gravestones ",
        "скучно ",
        LONG.lower() + " , and that is all that happens ",
    ]
    told = [(text, label) for pair in zip(good, bad, strict=True) for text, label in zip(pair, (1, 0), strict=True)]  # fmt: skip
    return [{"idx": i, "sentence": text, "label": label} for i, (text, label) in enumerate(told)]


HELLASWAG, WINOGRAD_WSC, BOOLQ, PIQA, SST2 = (
    _hellaswag(),
    _winograd(),
    _boolq(),
    _piqa(),
    _sst2(),
)
ARC_EASY, ARC_CHALLENGE = _arc("easy", _EASY), _arc("challenge", _CHALLENGE)
