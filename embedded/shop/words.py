"""Names of products, people and places. Mail domains are reserved ones (RFC 2606): mail reaches nobody."""

from __future__ import annotations

CATEGORIES = ("Kitchen", "Outdoor", "Office", "Home", "Toys", "Electronics", "Garden", "Sports")

PRODUCT_KINDS: tuple[tuple[str, int], ...] = (
    ("Kettle", 0), ("Chef's Knife", 0), ("Coffee Grinder", 0), ("Cast Iron Pan", 0),
    ("Tent", 1), ("Sleeping Bag", 1), ("Head Lamp", 1), ("Water Bottle", 1),
    ("Desk Lamp", 2), ("Notebook", 2), ("Fountain Pen", 2), ("Office Chair", 2),
    ("Throw Blanket", 3), ("Picture Frame", 3), ("Candle Set", 3), ("Bookshelf", 3),
    ("Wooden Train", 4), ("Puzzle", 4), ("Board Game", 4), ("Kite", 4),
    ("Headphones", 5), ("Keyboard", 5), ("Power Bank", 5), ("Webcam", 5),
    ("Pruning Shears", 6), ("Planter", 6), ("Garden Hose", 6), ("Bird Feeder", 6),
    ("Yoga Mat", 7), ("Running Belt", 7), ("Climbing Rope", 7), ("Bike Light", 7),
)  # fmt: skip
"""Each kind of product, with the position of its category."""

PRODUCT_STYLES = (
    "Classic",
    "Nordic",
    "Compact",
    "Premium",
    "Everyday",
    "Heritage",
    "Studio",
    "Trail",
    "Café",
    "Pro",
)

FIRST_NAMES = (
    "Ada", "Amina", "André", "Beatriz", "Björn", "Carlos", "Chloé", "Daniel", "Elena", "Emeka",
    "Fatima", "Felix", "Grace", "Hana", "Ines", "Ivan", "James", "Jürgen", "Kenji", "Laura", "Liam",
    "Linh", "Maria", "Mateo", "Mei", "Noah", "Nora", "Olga", "Omar", "Priya", "Rosa", "Samuel", "Sofía",
    "Tariq", "Thomas", "Uma", "Victor", "Yara", "Zoë", "William",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Andersson", "Becker", "Brown", "Castillo", "Chen", "Costa", "Davis", "Dubois", "Evans",
    "Fernández", "Fischer", "García", "Haddad", "Ivanova", "Johnson", "Khan", "Kowalski", "Lefèvre",
    "Lopez", "Martin", "Miller", "Müller", "Nakamura", "Nguyen", "O'Brien", "Okafor", "Patel", "Petrov",
    "Rossi", "Sato", "Silva", "Smith", "Taylor", "Tanaka", "Walker", "Weber", "Williams", "Yilmaz",
    "Zhang",
)  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "post.example")

STREETS = (
    "Maple Street", "Oak Avenue", "Cedar Lane", "Elm Street", "Lakeview Drive", "Hill Road",
    "Station Road", "Main Street", "Park Avenue", "River Road", "Sunset Boulevard", "Church Street",
    "Mill Lane", "Spring Street",
)  # fmt: skip
CITIES: tuple[tuple[str, str, int], ...] = (
    ("New York", "NY", 10001), ("Los Angeles", "CA", 90001), ("Chicago", "IL", 60601),
    ("Houston", "TX", 77001), ("Phoenix", "AZ", 85001), ("Philadelphia", "PA", 19101),
    ("San Antonio", "TX", 78201), ("San Diego", "CA", 92101), ("Dallas", "TX", 75201),
    ("Austin", "TX", 73301), ("Seattle", "WA", 98101), ("Denver", "CO", 80201), ("Boston", "MA", 2101),
    ("Portland", "OR", 97201), ("Atlanta", "GA", 30301), ("Miami", "FL", 33101),
    ("Minneapolis", "MN", 55401), ("Detroit", "MI", 48201), ("Nashville", "TN", 37201),
    ("New Orleans", "LA", 70112),
)  # fmt: skip
"""City, state and the first of its ZIP codes."""

CARRIERS = ("UPS", "FedEx", "USPS", "DHL")
WAREHOUSES = ("Dallas", "Newark", "Reno")
MARKETING_CHANNELS = ("search", "social", "email", "affiliate", "display", "print")
