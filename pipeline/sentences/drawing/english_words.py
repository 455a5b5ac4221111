"""Small English words by what they do in a sentence, in lower case."""

ARTICLES = frozenset({"a", "an", "the"})
DETERMINERS = ARTICLES | {"my", "your", "our", "this", "that", "some"}
PREPOSITIONS = frozenset({
    "about", "above", "as", "at", "between", "by", "for", "from", "in", "into", "near",
    "of", "on", "per", "than", "through", "to", "under", "until", "with",
})  # fmt: skip
QUESTION_WORDS = frozenset({
    "how", "what", "what's", "when", "when's", "where", "where's", "which", "who", "who's",
    "whose", "why",
})  # fmt: skip
AUXILIARIES = frozenset({
    "am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may", "must",
    "should", "was", "were", "will", "would",
})  # fmt: skip
PRONOUNS = frozenset({"he", "i", "it", "she", "that", "there", "they", "this", "we", "you"})
# Words that a command begins with.
COMMANDS = frozenset({
    "activate", "add", "adjust", "answer", "ask", "block", "book", "brew", "bring", "buy", "call",
    "cancel", "change", "charge", "check", "clear", "close", "connect", "convert", "copy", "count",
    "create", "deactivate", "decrease", "delete", "dial", "dim", "disable", "enable", "fill",
    "find", "freeze", "get", "give", "go", "hang", "increase", "keep", "leave", "let", "list",
    "lock", "look", "lower", "make", "message", "move", "mute", "navigate", "open", "order",
    "pause", "pay", "phone", "pick", "play", "press", "print", "put", "raise", "read", "redial",
    "remind", "remove", "repeat", "reply", "reset", "restart", "resume", "ring", "run", "save",
    "schedule", "search", "select", "send", "set", "show", "shuffle", "skip", "snooze", "split",
    "start", "stop", "switch", "take", "tell", "text", "track", "transfer", "translate", "try",
    "turn", "type", "unblock", "unlock", "unmute", "update", "use", "wake", "warm", "write",
})  # fmt: skip
CONTRACTED = frozenset({
    "aren't", "can't", "didn't", "doesn't", "don't", "hasn't", "haven't", "here's", "isn't", "it's",
    "let's", "she's", "that's", "there's", "they're", "wasn't", "we're", "won't", "you're",
})  # fmt: skip
OPENERS = frozenset({
    "actually", "and", "anything", "are", "but", "code", "did", "exactly", "excuse", "expiry",
    "heating", "hello", "hey", "hi", "if", "lights", "never", "no", "not", "okay", "or", "please",
    "reminder", "right", "security", "so", "something", "sorry", "sure", "then", "timer", "wait",
    "weather", "well", "yes",
})  # fmt: skip

COMMON = (
    DETERMINERS
    | PREPOSITIONS
    | QUESTION_WORDS
    | AUXILIARIES
    | PRONOUNS
    | COMMANDS
    | CONTRACTED
    | OPENERS
)
ALWAYS_HIGH = frozenset({"I", "I'm", "I'd", "I'll", "I've", "OK", "AC", "PIN", "TV"})
