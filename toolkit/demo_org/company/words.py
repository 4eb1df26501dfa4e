"""The words the sample company is made of. All names are invented; domains end in .example and phone numbers come from
ranges that are kept free for fiction.
"""

NAME_STARTS = (
    "Bran", "Cel", "Dor", "Eld", "Fen", "Gal", "Hal", "Ing", "Jor", "Kel", "Lum", "Mar", "Nor", "Oster", "Pel", "Quil",
    "Ros", "Sel", "Tor", "Ulm", "Ves", "Wyn", "Yar", "Zel", "Aster", "Bel", "Corv", "Drav", "Ember", "Farr", "Grav",
    "Hest", "Iv", "Jun", "Kor", "Lark", "Mel", "Nim", "Or", "Perr",
)  # fmt: skip
NAME_ENDS = (
    "avale", "bridge", "combe", "dune", "ema", "field", "gate", "haven", "ilon", "jara", "kirk", "lund", "mora", "nika",
    "oria", "pont", "quay", "rand", "stead", "thorpe", "una", "vik", "wick", "xia", "yard", "zola", "amar", "borg",
    "crest", "dal", "enza", "fjord", "glen", "holm", "isk", "moor", "ness", "ridge", "strand", "tarn",
)  # fmt: skip
TRADES = (
    ("Logistics", "Transportation"), ("Foods", "Food & Beverage"), ("Analytics", "Technology"), ("Energy", "Energy"),
    ("Insurance", "Insurance"), ("Robotics", "Machinery"), ("Health", "Healthcare"), ("Textiles", "Apparel"),
    ("Freight", "Shipping"), ("Media", "Media"), ("Learning", "Education"), ("Optics", "Electronics"),
    ("Chemicals", "Chemicals"), ("Retail", "Retail"), ("Systems", "Technology"), ("Bank", "Banking"),
    ("Hotels", "Hospitality"), ("Builders", "Construction"), ("Farms", "Agriculture"),
    ("Telecom", "Telecommunications"),
    ("Advisory", "Consulting"), ("Biotech", "Biotechnology"), ("Water", "Utilities"), ("Games", "Entertainment"),
    ("Capital", "Finance"), ("Foundation", "Not For Profit"), ("Software", "Technology"), ("Tools", "Manufacturing"),
    ("Outdoor", "Recreation"), ("Labs", "Biotechnology"), ("Motors", "Manufacturing"), ("Travel", "Hospitality"),
    ("Networks", "Communications"), ("Recycling", "Environmental"), ("Aviation", "Transportation"),
    ("Design", "Engineering"),
)  # fmt: skip
AWKWARD_NAMES = (
    "=2+3 Foods",
    "<b>Bold</b> Bakery & Sons",
    'O\'Malley "Tin" Works',
    "Łódź Żagle Sp. z o.o.",
    "  Leading Blank Labs",
    "株式会社サンプル",
    "Crème Brûlée, Fils; et Cie",
    "@SUM(A1:A9) Systems",
    "Großhändler Öl & Söhne",
    "-1 Coffee Roasters",
    "Emoji 🚀 Rockets",
    "Null",
    (
        "The Extraordinarily Long-Winded and Thoroughly Unabbreviated Consortium of Regional Manufacturers, "
        "Wholesalers, Distributors and Friends of the Trade"
    ),
)
"""Names that break what is built carelessly: formulas, markup, quotes, blanks, scripts, length."""

PLACES = (
    ("London", "United Kingdom"), ("Leeds", "United Kingdom"), ("Berlin", "Germany"), ("Hamburg", "Germany"),
    ("Lyon", "France"), ("Toulouse", "France"), ("Boston", "United States"), ("Denver", "United States"),
    ("Austin", "United States"), ("Portland", "United States"), ("Toronto", "Canada"), ("Utrecht", "Netherlands"),
    ("Malmö", "Sweden"), ("Kraków", "Poland"), ("Porto", "Portugal"), ("Osaka", "Japan"),
)  # fmt: skip
STREETS = ("Mill Lane", "Harbour Road", "Station Street", "Market Square", "Orchard Way", "Foundry Row", "North Quay")
FIRST_NAMES = (
    "Ada", "Amir", "Ana", "Ben", "Carla", "Chen", "Chloé", "Daniel", "Dana", "Elif", "Emil", "Farah", "Felix", "Gita",
    "Hana", "Hugo", "Ines", "Ivan", "Jana", "José", "Jun", "Kai", "Lena", "Liam", "Lucía", "Mara", "Mateo", "Maya",
    "Mina", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paul", "Petra", "Priya", "Quinn", "Rafael", "Rosa", "Sam", "Sara",
    "Tariq", "Tess", "Uma", "Vera", "Viktor", "Wei", "Yara", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Achebe", "Adler", "Almeida", "Bakker", "Baran", "Beck", "Bianchi", "Brandt", "Castro", "Chowdhury",
    "Costa", "Dahl", "D'Arcy", "Diaz", "Duarte", "Eriksen", "Farkas", "Fischer", "Fontaine", "García", "Goldberg",
    "Haddad", "Hansen", "Hoffmann", "Horvat", "Ibarra", "Ito", "Jansen", "Kaya", "Keller", "Khan", "Kowalski",
    "Lambert",
    "Larsen", "Lindqvist", "Lopes", "Marino", "Mbeki", "Meyer", "Moreau", "Müller", "Nakamura", "Novak", "O'Brien",
    "Okafor", "Olsen", "Özdemir", "Park", "Patel", "Pereira", "Petrov", "Quist", "Rahman", "Reyes", "Rossi", "Sato",
    "Schmidt", "Silva", "Singh", "Sokolov", "Tanaka", "Torres", "Ueda", "Vargas", "Virtanen", "Wagner", "Weber",
    "Wójcik",
    "Yilmaz", "Zhang", "Ziegler",
)  # fmt: skip
TITLES = {
    "champion": ("Head of Operations", "Programme Lead", "Director of Systems"),
    "sponsor": ("Chief Operating Officer", "VP Finance", "Managing Director"),
    "key user": ("Operations Manager", "Team Lead", "Business Analyst"),
    "end user": ("Coordinator", "Specialist", "Planner"),
}
