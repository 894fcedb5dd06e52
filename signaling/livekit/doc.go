// Package livekit turns class state into LiveKit's messages and LiveKit's requests into class
// commands. It owns the knowledge of both vocabularies, and the decoding of what LiveKit clients
// send: signal frames, join requests, data packets.
//
// It is pure: it must not know sockets, clocks, loggers or the media plane, and runs no goroutine.
package livekit

// Version is the LiveKit server version that clients are told. They gate features on it: 1.8.0
// brings RPC, and anything newer than 1.13.6 would switch on simulcast through SVC.
const Version = "1.13.6"

// Protocol is the version of the signal protocol spoken.
const Protocol = 17
