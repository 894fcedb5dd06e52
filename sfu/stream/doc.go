// Package stream is what Préau knows of stream connections before it knows what they are: how many
// may be undecided at once, whether the first bytes are TURN or HTTP, and where one TURN message
// ends and the next begins.
//
// It must not know TLS, HTTP, or what is done with a connection. It starts no goroutine.
package stream
