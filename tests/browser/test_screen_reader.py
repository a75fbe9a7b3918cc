"""What a screen reader says of every control of an evening: its role, its name, its state."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import PAGES, shown
from tests.engines import Engine

AVERAGE_EN = "Touch the line to show your average pain in your right hand over the last 24 hours."
AVERAGE_FR = (
    "Touchez la ligne pour indiquer votre douleur moyenne dans votre main droite"
    " au cours des dernières 24 heures."
)
NUMBERS = "Choose the number for your average pain in your right hand over the last 24 hours."
BRUSH = (
    "Light touch or rubbing (clothes, sheets)"
    " In the last 24 hours, how much pain did this cause at its worst?"
)
SAID = {
    ("diary", "en"): f"""
      - heading "Diary" [level=1]
      - group "{AVERAGE_EN}":
        - heading "{AVERAGE_EN}" [level=2]
        - slider "{AVERAGE_EN}"
        - paragraph: no pain worst pain imaginable
        - button "A little less"
        - button "A little more"
        - radio "I prefer not to answer."
      - link "Too much pain today"
      - button "Back"
      - button "Next"
      """,
    ("diary", "fr"): f"""
      - heading "Carnet" [level=1]
      - group "{AVERAGE_FR}":
        - heading "{AVERAGE_FR}" [level=2]
        - slider "{AVERAGE_FR}"
        - paragraph: pas de douleur douleur maximale imaginable
        - button "Un peu moins"
        - button "Un peu plus"
        - radio "Je préfère ne pas répondre."
      - link "J’ai trop mal aujourd’hui"
      - button "Retour"
      - button "Suivant"
      """,
    ("diary-numbers", "en"): f"""
      - radiogroup "{NUMBERS}":
        - radio "0"
        - radio "1"
        - radio "2"
        - radio "3"
        - radio "4"
        - radio "5"
        - radio "6"
        - radio "7"
        - radio "8"
        - radio "9"
        - radio "10"
      """,
    ("diary-trigger", "en"): f"""
      - group "{BRUSH}":
        - slider "{BRUSH}"
        - button "A little less"
        - button "A little more"
        - radio "This did not come up"
        - radio "I avoided it"
      """,
    ("diary-zones", "en"): """
      - group "Where was this pain caused? Touch each place on the picture.":
        - button "Palm side" [pressed]
        - button "Back of the hand"
        - checkbox "Thumb"
        - checkbox "Palm"
        - checkbox "Shoulder"
      """,
    ("diary-medicines-open", "en"): """
      - group "Paracétamol 1000 mg":
        - radio "As prescribed"
        - radio "Differently" [checked]
        - radio "Not taken"
        - 'button "Less: Morning"'
        - spinbutton "Morning"
        - 'button "More: Morning"'
      - group "Tramadol 50 mg":
        - group:
          - spinbutton "Last night"
          - combobox "What was it mostly for?"
      - group:
        - textbox "Another medicine (write its name and how much)"
      - checkbox /In the last 24 hours I took no medicine on my list/
      """,
    ("diary-review-contradiction", "en"): """
      - group "Is this right?":
        - paragraph:
          - link "Change an answer"
        - checkbox "Keep both"
        - list:
          - listitem:
            - button /Average pain/
          - listitem:
            - button /Worst pain/
          - listitem:
            - button "Pain from touch, clothes or cold Yes"
        - checkbox "I am in hospital"
        - checkbox "Someone touched the screen for me"
      - button "Back"
      - button "Save"
      """,
    ("report-emergency", "en"): """
      - dialog "In an emergency":
        - link "15"
        - link "112"
        - link "114 · SMS"
        - button "Go back to the report"
      """,
}


@pytest.mark.parametrize(("name", "lang"), SAID)
@pytest.mark.trust(28)
def test_every_control_says_what_it_is(
    browser: Browser, engine: Engine, name: str, lang: str
) -> None:
    (sight,) = (one for one in PAGES if one.name == name)
    with shown(browser, engine, sight, lang) as (page, _):
        expect(page.locator("main")).to_match_aria_snapshot(SAID[name, lang])
