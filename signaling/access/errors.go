package access

// Code is the machine's half of a refusal.
type Code string

// The refusals. All but CodeWrongClass and CodeNoGrant mean that the token
// itself does not hold.
const (
	CodeNoToken    Code = "token_missing"
	CodeInvalid    Code = "token_invalid"
	CodeUnknownKey Code = "key_unknown"
	CodeExpired    Code = "token_expired"
	CodeWrongClass Code = "wrong_class"
	CodeNoGrant    Code = "not_granted"
)

// Error is a refusal. Its message never contains any part of the token.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Message }

// Unauthorized says whether the token itself does not hold (HTTP 401), as
// against a good token that does not reach this far (403).
func (e *Error) Unauthorized() bool { return e.Code != CodeWrongClass && e.Code != CodeNoGrant }
