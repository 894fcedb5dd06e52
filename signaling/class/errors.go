package class

import (
	"fmt"

	"preau/signaling/classpb"
)

// Error is a refusal: a code for machines and an English sentence for logs, without personal data.
type Error struct {
	Code    classpb.Code
	Message string
}

func (e *Error) Error() string {
	return e.Code.String() + ": " + e.Message
}

// refuse makes a coded error.
func refuse(code classpb.Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return refuse(classpb.Code_CODE_INVALID, format, args...)
}

func forbidden(format string, args ...any) error {
	return refuse(classpb.Code_CODE_FORBIDDEN, format, args...)
}

func notFound(format string, args ...any) error {
	return refuse(classpb.Code_CODE_NOT_FOUND, format, args...)
}

func conflict(format string, args ...any) error {
	return refuse(classpb.Code_CODE_CONFLICT, format, args...)
}
