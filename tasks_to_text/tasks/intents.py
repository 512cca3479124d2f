"""What a speaker wants a voice assistant to do."""

from tasks_to_text.kinds import classification
from tasks_to_text.source import Source
from tasks_to_text.task import Row

_NAMES = """
accept_reservations account_blocked alarm application_status apr are_you_a_bot balance bill_balance
bill_due book_flight book_hotel calculator calendar calendar_update calories cancel
cancel_reservation car_rental card_declined carry_on change_accent change_ai_name change_language
change_speed change_user_name change_volume confirm_reservation cook_time credit_limit
credit_limit_change credit_score current_location damaged_card date definition direct_deposit
directions distance do_you_have_pets exchange_rate expiration_date find_phone flight_status
flip_coin food_last freeze_account fun_fact gas gas_type goodbye greeting how_busy how_old_are_you
improve_credit_score income ingredient_substitution ingredients_list insurance insurance_change
interest_rate international_fees international_visa jump_start last_maintenance lost_luggage
make_call maybe meal_suggestion meaning_of_life measurement_conversion meeting_schedule min_payment
mpg new_card next_holiday next_song no nutrition_info oil_change_how oil_change_when oos order
order_checks order_status pay_bill payday pin_change play_music plug_type pto_balance pto_request
pto_request_status pto_used recipe redeem_rewards reminder reminder_update repeat
replacement_card_duration report_fraud report_lost_card reset_settings restaurant_reservation
restaurant_reviews restaurant_suggestion rewards_balance roll_dice rollover_401k routing
schedule_maintenance schedule_meeting share_location shopping_list shopping_list_update smart_home
spelling spending_history sync_device taxes tell_joke text thank_you time timer timezone
tire_change tire_pressure todo_list todo_list_update traffic transactions transfer translate
travel_alert travel_notification travel_suggestion uber update_playlist user_name vaccines w2
weather what_are_your_hobbies what_can_i_ask_you what_is_your_name what_song where_are_you_from
whisper_mode who_do_you_work_for who_made_you yes
"""
"""The 150 intents of CLINC150 and ``oos``, by their published names."""
_SAID = {
    "apr": "annual percentage rate",
    "min_payment": "minimum payment",
    "mpg": "miles per gallon",
    "oos": "out of scope",
    "rollover_401k": "401(k) rollover",
    "w2": "W-2 form",
}
"""Names that are no words, and what they stand for."""


def intent_words(name: str) -> str:
    """The name of an intent in words.

    >>> intent_words("pto_request"), intent_words("what_song"), intent_words("oos")
    ('paid time off request', 'what song', 'out of scope')
    """
    spelled = name.replace("pto_", "paid_time_off_").replace("todo_", "to-do_")
    return _SAID.get(name, spelled.replace("_", " "))


def one_line(row: Row) -> str:
    """What was said, with single spaces."""
    return " ".join(row["text"].split())


CLINC_OOS = classification(
    name="clinc_oos",
    description="Which of 150 things a speaker wants of an assistant, or none of them (CLINC150; "
    "Larson et al. 2019); the thing that crowd workers were asked to say.",
    source=Source(mirror="tasks/clinc_oos", licence="CC BY 3.0"),
    text=one_line,
    label="intent",
    labels={name: f"{intent_words(name)}." for name in _NAMES.split()},
    question="Intent:",
    metrics=("acc", "acc_norm"),
    wordings={
        "question": {"question": "What is this about?"},
        "statement": {"question": "The assistant files this under"},
    },
    columns=("text",),
    specimens=(
        {"text": "how do you say bread in greek", "intent": "translate"},
        {"text": "how much  paid leave do i have", "intent": "pto_balance"},
        {"text": "who won the race", "intent": "oos"},
    ),
)
"""``{"text": "how do you say bread in greek", "intent": "translate"}`` becomes ``how do you
say bread in greek\\nIntent:`` with 151 choices, the names of the intents in words. They end in
a full stop, because ``calendar`` is the beginning of ``calendar update``, and a beginning is never
less likely. To score an example asks for 151 log-likelihoods: give it a limit. Labels keep their
words in every wording.

The rows are those of the authors' full set (100 out of scope in train); the Hub has other sizes
(``clinc/clinc_oos``), with numbers for intents: it is read from a mirror.
"""

SNIPS = classification(
    name="snips",
    description="Which of seven things a speaker wants of an assistant (SNIPS; Coucke et al. "
    "2018); the thing that crowd workers were asked to say.",
    source=Source(
        mirror="tasks/snips",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.05},
        licence="CC0-1.0",
    ),
    text=one_line,
    label="intent",
    labels={
        "AddToPlaylist": "add to a playlist",
        "BookRestaurant": "book a restaurant",
        "GetWeather": "hear the weather",
        "PlayMusic": "play music",
        "RateBook": "rate a book",
        "SearchCreativeWork": "find a work of art",
        "SearchScreeningEvent": "find a film showing",
    },
    question="The speaker wants to",
    wordings={
        "question": {
            "question": "What is this about?",
            "labels": {
                "AddToPlaylist": "a playlist",
                "BookRestaurant": "a restaurant",
                "GetWeather": "the weather",
                "PlayMusic": "music",
                "RateBook": "the rating of a book",
                "SearchCreativeWork": "a work of art",
                "SearchScreeningEvent": "the times of a film",
            },
        },
        "action": {
            "question": "Action:",
            "labels": {
                "AddToPlaylist": "playlist",
                "BookRestaurant": "booking",
                "GetWeather": "weather",
                "PlayMusic": "music",
                "RateBook": "rating",
                "SearchCreativeWork": "search",
                "SearchScreeningEvent": "cinema",
            },
        },
    },
    columns=("text",),
    specimens=(
        {"text": "Play some polka from Iceland", "intent": "PlayMusic"},
        {"text": "when is  the matinee", "intent": "SearchScreeningEvent"},
    ),
)
"""``{"text": "Play some polka from Iceland", "intent": "PlayMusic"}`` becomes ``Play some polka
from Iceland\\nThe speaker wants to`` with the choices `` play music`` and six others. The 700
published validation rows, the test of the literature, are our test. It is read from a mirror.
"""
