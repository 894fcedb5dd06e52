// Package webhook tells other programs what happens in classes: LiveKit's webhooks, in order, each
// kept until the receiver has acknowledged it.
//
// It owns the outbox and its file. It hears classes as a room.Member, like everyone, and knows no
// socket, token or media of theirs.
//
// The way of an event:
//
//  1. a follower, one goroutine a class, hears the class and finds what there is to tell (story)
//  2. the keeper, one goroutine, writes it to the journal and syncs it
//  3. for each receiver it goes into the lane of its session: one POST at a time, until it is
//     answered 2xx; lanes of different sessions do not wait for each other
//  4. the keeper notes that it was delivered
//
// What was decided between 1 and 2 when the program is killed is found again at the next start, by
// comparing what was told with what the class is then. An event may come twice, never with another
// id. What a receiver does not take is tried again with longer and longer pauses, for a day. More
// than 10,000 events are not kept for one receiver: the oldest are dropped, since the newest say
// how things are; each drop is counted, and the session's next event says how many (num_dropped).
package webhook
