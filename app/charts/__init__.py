"""The geometry of the charts: ready x and y for the SVG of the desk's pages and of the phone's one.

Pure functions from figures to shapes on one time axis. No HTML, no words, no colour: a shape has a
class name, and the style sheet decides how it looks. No clinical number is computed here either.

The rule: a gap in the answers is a gap in the drawing, and every state differs by form, never by
colour alone, so that a chart reads the same in grey.
"""

from app.charts.allodynia import AllodyniaPanel, ZonesPanel, allodynia_panel, zones_panel
from app.charts.axis import Band, TimeAxis, time_axis
from app.charts.diary import DiaryPanel, Strip, diary_panel, strip, symbol_of, tally
from app.charts.medicines import DoseRow, MedicinesPanel, medicines_panel
from app.charts.own import OwnLine, own_line
from app.charts.pain import PainLevels, PainPanel, Spark, pain_panel, spark
from app.charts.shapes import Label, Row, Shape

__all__ = [
    "AllodyniaPanel",
    "Band",
    "DiaryPanel",
    "DoseRow",
    "Label",
    "MedicinesPanel",
    "OwnLine",
    "PainLevels",
    "PainPanel",
    "Row",
    "Shape",
    "Spark",
    "Strip",
    "TimeAxis",
    "ZonesPanel",
    "allodynia_panel",
    "diary_panel",
    "medicines_panel",
    "own_line",
    "pain_panel",
    "spark",
    "strip",
    "symbol_of",
    "tally",
    "time_axis",
    "zones_panel",
]
