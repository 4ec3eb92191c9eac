"""Words for fake data. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

QUALITIES = "Small Light Modern Rustic Classic Compact Sturdy Elegant Handmade Practical".split()
MATERIALS = "Wooden Steel Cotton Leather Ceramic Glass Bamboo Granite Linen Copper".split()
GOODS = "Chair Lamp Table Bag Bowl Shirt Clock Shelf Pen Bottle Blanket Mirror Basket Mug".split()

WORDS_OF: Mapping[str, Sequence[str]] = {
    "status": ("open", "active", "pending", "done", "closed"),
    "priority": ("low", "medium", "high"),
    "role": ("admin", "editor", "viewer"),
    "gender": ("female", "male", "other"),
    "currency": ("EUR", "USD", "GBP"),
    "language": ("en", "de", "fr", "es"),
    "locale": ("en-US", "en-GB", "de-DE", "fr-FR"),
    "timezone": ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"),
    "genre": ("fiction", "history", "science", "travel", "poetry", "crime"),
    "category": ("books", "music", "garden", "kitchen", "sports", "toys"),
    "department": ("Sales", "Support", "Engineering", "Finance", "Design"),
    "species": ("dog", "cat", "rabbit", "parrot"),
    "size": ("S", "M", "L", "XL"),
    "make": ("Aster", "Borealis", "Corvo", "Dynamo"),
    "model": ("One", "Tour", "City", "Sport"),
    "unit": ("piece", "kg", "m", "l"),
    "type": ("basic", "standard", "premium"),
}
"""The words of fields that have few."""

TEXT = (
    "about across after again air always among answer apple around autumn bank basket beach bell"
    " below between bird blue board boat book bread bridge bright building calm carry chair clear"
    " clock cloud coast coffee cold color corner country day door early east easy evening every"
    " field fire first floor flower forest friend garden glass gold grass green ground group hall"
    " hand harbor hill home hour house idea island kitchen lake lamp land large late leaf letter"
    " light line little long map market meadow mill morning mountain music narrow near new north"
    " number old open orange over page paint paper park path pencil picture place plain plate"
    " point quiet rain red river road roof room round sand school sea season seven shade ship shop"
    " short side silver simple slow small snow song south spring square station stone story street"
    " summer sun table tall three time town train tree valley view village wall warm water week"
    " west wide wind window winter wood word work world yard year yellow young"
).split()
"""The words of sentences."""
