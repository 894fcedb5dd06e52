package web

import (
	"strconv"
	"strings"
)

// accepts reads Accept-Encoding (RFC 9110, section 12.5.3): whether a coding is
// wanted at all. The server, not the client's weights, ranks what is.
func accepts(headers []string, coding string) bool {
	rest := false
	for _, header := range headers {
		for _, part := range strings.Split(header, ",") {
			name, weight := parseCoding(part)
			if strings.EqualFold(name, coding) {
				return weight > 0 // named beats "*"
			}
			rest = rest || name == "*" && weight > 0
		}
	}
	return rest
}

// parseCoding reads one "name;q=0.5". A weight that is none counts as zero.
func parseCoding(part string) (name string, weight float64) {
	name, parameters, _ := strings.Cut(part, ";")
	weight = 1
	for _, p := range strings.Split(parameters, ";") {
		key, value, found := strings.Cut(strings.TrimSpace(p), "=")
		if found && strings.EqualFold(strings.TrimSpace(key), "q") {
			weight, _ = strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return strings.TrimSpace(name), weight
}
