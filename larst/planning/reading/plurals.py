"""Plurals of English that no rule gets right: exceptions for nouns.py. Data."""

from __future__ import annotations

SINGULAR_BY_PLURAL = dict(
    pair.split("/")
    for pair in (
        "axes/axis taxes/tax buses/bus gases/gas gasses/gas lenses/lens yeses/yes"
        " biases/bias aliases/alias atlases/atlas canvases/canvas pancreases/pancreas irises/iris"
        " axises/axis pluses/plus minuses/minus geese/goose teeth/tooth feet/foot"
        " criteria/criterion phenomena/phenomenon curricula/curriculum corpora/corpus"
        " appendices/appendix radii/radius alumni/alumnus syllabi/syllabus stimuli/stimulus"
        " cacti/cactus fungi/fungus nuclei/nucleus foci/focus caches/cache headaches/headache"
        " niches/niche creches/creche quiches/quiche avalanches/avalanche moustaches/moustache"
        " psyches/psyche aches/ache shoes/shoe toes/toe horseshoes/horseshoe buzzes/buzz"
        " bases/base oases/oasis staves/staff waltzes/waltz blitzes/blitz topazes/topaz"
    ).split()
)
"""Irregular plurals, and those that two rules could read."""

IN_IE = frozenset(
    "cookies movies zombies selfies calories pies ties lies dies brownies hoodies rookies foodies"
    " genies smoothies indies rookies prairies sorties eyries newbies hippies birdies collies"
    " cuties goalies lassies oldies pixies quickies sweeties talkies walkies junkies groupies"
    " caddies aunties necktie neckties magpies bookies".split()
)
"""Plurals in `-ies` whose singular is in `-ie`."""

IN_F = frozenset(
    "leaves loaves thieves wolves werewolves shelves bookshelves halves calves elves selves scarves"
    " hooves dwarves wharves turves sheaves kerchieves".split()
)
"""Plurals in `-ves` whose singular is in `-f`; of all others it is in `-ve`, or listed below."""

IN_FE = frozenset("knives wives lives midwives housewives penknives jackknives".split())
"""Plurals in `-ves` whose singular is in `-fe`."""

IN_USE = frozenset("uses fuses muses ruses abuses excuses recluses refuses accuses reuses".split())
"""Plurals in `-uses` after a consonant whose singular is in `-use`."""

UNCOUNTABLE = frozenset(
    "data media news analytics physics mathematics politics economics clothes equipment staff"
    " information hardware software feedback metadata".split()
)
"""Nouns without a singular: one of them is a record."""

UNCHANGED = UNCOUNTABLE | frozenset(
    "series species sheep fish deer aircraft offspring bus status virus campus bonus"
    " focus corpus census chorus genius radius alumnus"
    " canvas atlas alias bias gas lens iris basis analysis crisis thesis axis oasis diagnosis"
    " syllabus stimulus cactus nucleus apparatus consensus nexus lotus plus minus".split()
)
"""Nouns whose singular is the same, or that are singular although they end in `s`."""
