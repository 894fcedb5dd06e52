// Package recorder will turn a class's tracks and its log into a recording.
//
// It owns nothing yet: this version of Préau does not record. It stands here so
// that its place among the layers is fixed: it hears a class as a room.Member
// does and takes packets as an sfu.Sink does, and imports neither.
package recorder
