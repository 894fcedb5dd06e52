package room

import (
	"crypto/rand"
	"strings"
)

const (
	sessionPrefix = "RM_"
	// idLength in base-32 characters: 60 bits, for what no one needs to guess.
	idLength = 12

	// crockford is the alphabet of short codes: no I, L, O, U.
	// https://www.crockford.com/base32.html
	crockford  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength = 8
)

func newID(prefix string) string {
	return prefix + rand.Text()[:idLength]
}

// newCode is 40 random bits as people read them to each other.
func newCode() string {
	var b [codeLength]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	for i := range b {
		b[i] = crockford[b[i]&31]
	}
	return string(b[:])
}

// readCode makes of what somebody typed the code that was meant.
func readCode(typed string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '-', ' ':
			return -1
		case 'O', 'o':
			return '0'
		case 'I', 'i', 'L', 'l':
			return '1'
		}
		if c >= 'a' && c <= 'z' {
			return c - 'a' + 'A'
		}
		return c
	}, typed)
}
