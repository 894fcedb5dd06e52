// Package access says who may come in: it checks LiveKit access tokens (JWT,
// HS256, RFC 7519) against the configured API keys, tells the tenant, the role
// and the permissions that a token stands for, and signs tokens and invites.
//
// It knows no class state, no socket and no HTTP. It has no goroutines and, but
// for the clock of the JWT library, no inputs besides its arguments.
package access
