// Package room runs classes: for each session one goroutine that decides
// commands, logs what they amount to and tells everyone who listens; a School
// of all classes open on this node; and the logs of sessions, in memory or in
// a directory.
//
// It knows nothing of sockets, tokens, SDP or media: whoever hears a class is a
// Member, whoever commands brings an Actor that was checked before. What a
// command means is decided in signaling/class alone.
//
// The way of a command, all on the room's goroutine but for the first step:
//
//	1  Do puts it into the mailbox (bounded: the caller waits)
//	2  everything that waits there is taken as one batch
//	3  each command is decided and applied onto the state, in order
//	4  all events of the batch are appended to the log at once: one fsync
//	5  each member gets what its view holds of them, encoded once per view
//	6  the callers are answered
//	7  who hears nothing more is told goodbye
//
// While the log writes, the next batch gathers by itself: a lone command waits
// for nobody, three hundred at the bell share a few fsyncs. If the log cannot
// take a batch, the state goes back to what the log holds and every command of
// the batch is answered CODE_UNAVAILABLE: nothing has happened.
//
// Goroutines: School.Run waits for every room; a room waits for the one
// compaction of its log that may be under way.
package room
