package class

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CleanName trims and normalizes (NFC) a person's name, or refuses it: too long, or with control or
// bidirectional-control characters, which could make one name look like another, or with nothing to
// see in it. Empty is allowed here: a foreign token may carry no name.
func CleanName(name string) (string, error) {
	return cleanLine("name", name, MaxNameLength)
}

// CleanTitle does the same for the title of a class.
func CleanTitle(title string) (string, error) {
	return cleanLine("title", title, MaxTitleLength)
}

// cleanChat keeps line feeds and tabs; what is empty after trimming, or looks so, is refused.
func cleanChat(text string) (string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text, err := clean("text", text, MaxChatLength, "\n\t")
	if err == nil && !strings.ContainsFunc(text, inked) {
		err = invalid("the text is empty")
	}
	return text, err
}

func cleanLine(what, text string, limit int) (string, error) {
	text, err := clean(what, text, limit, "")
	if err == nil && text != "" && !strings.ContainsFunc(text, inked) {
		err = invalid("the %s has no visible character", what)
	}
	return text, err
}

// clean looks at the size before it normalizes, so that a huge text costs little.
func clean(what, text string, limit int, kept string) (string, error) {
	if len(text) > 16*limit || !utf8.ValidString(text) {
		return "", invalid("the %s is too long or not UTF-8", what)
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > limit {
		return "", invalid("the %s is longer than %d characters", what, limit)
	}
	for _, r := range text {
		if refused(r) && !strings.ContainsRune(kept, r) {
			return "", invalid("the %s holds the control character %U", what, r)
		}
	}
	return text, nil
}

// refused characters: controls, line and paragraph separators, bidirectional controls (Unicode
// UAX #9), the byte order mark and the invisible tags. Joiners stay: scripts and emoji need them.
func refused(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) ||
		unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		r == '\uFEFF' || r >= 0xE0000 && r <= 0xE001F
}

// inked: leaves something to see on a page. Spaces do not, nor what Unicode derives as
// Default_Ignorable_Code_Point (joiners, fillers, variation selectors, tags), nor an empty Braille cell.
func inked(r rune) bool {
	ignorable := unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	return !ignorable && !unicode.IsSpace(r) && r != '\u2800'
}

// cleanToken checks a name that machines give: a sid, a media type, a class's name.
func cleanToken(what, token string, limit int) error {
	if len(token) > limit || !utf8.ValidString(token) || strings.ContainsFunc(token, refused) {
		return invalid("the %s is malformed", what)
	}
	return nil
}

// checkEmoji wants symbols only, so that a reaction cannot carry words.
func checkEmoji(emoji string) error {
	if emoji == "" || len(emoji) > maxEmojiSize || !utf8.ValidString(emoji) {
		return invalid("not an emoji")
	}
	for _, r := range emoji {
		if r < 0x80 || !symbol(r) {
			return invalid("not an emoji")
		}
	}
	return nil
}

// symbol: what emoji are made of (Unicode UTS #51), joiners, variation selectors and the tags of
// subdivision flags included.
func symbol(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || unicode.Is(unicode.Sm, r) ||
		r == '\u200D' || r == '\uFE0F' || r == '\u203C' || r == '\u2049' || r >= 0xE0020 && r <= 0xE007F
}
