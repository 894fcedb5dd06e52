// Package classpb is the one schema of a class, generated from class.proto and command.proto:
// commands, events, state, and the frames of the /class websocket. It holds no
// rules (those are signaling/class) and starts no goroutine. `make generate`
// writes it anew, with the page's TypeScript.
package classpb
